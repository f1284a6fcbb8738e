"""Reading everybody: the explore page, tags, search."""

from flask import Blueprint, abort, current_app, render_template, request

from app.database.durations.bounded import TookTooLong
from app.extensions import limiter
from app.models.posts import contents
from app.queries import timelines
from app.queries.pagination import MIN_ID, NEWEST_PAGE, Page
from app.queries.search import people
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.rendering.posts import highlight
from app.rendering.posts.articles import articles
from app.views.paging import bounds
from app.web.access import reader_id, reader_required, user_key
from app.web.headers import allow_public_caching

bp = Blueprint("explore", __name__)

SEARCH_LIMIT = "30 per minute"
limit_searches = limiter.shared_limit(SEARCH_LIMIT, scope="search", key_func=user_key)


@bp.get("/explore")
@reader_required
def explore():
    """Show everybody's posts."""
    allow_public_caching()
    page = timelines.public(reader_id(), bounds())
    return render_template("explore/explore.html", page=page, articles=articles(page.rows))


@bp.get("/tag/<name>")
@reader_required
def tag(name: str):
    """Show the posts that carry a tag."""
    key = contents.tag_key(name) or abort(404)
    allow_public_caching()
    page = timelines.by_tag(key, reader_id(), bounds(MIN_ID))
    return render_template("explore/tag.html", tag=key, page=page, articles=articles(page.rows))


@bp.get("/search")
@limit_searches
@reader_required
def find():
    """Show the posts that fit what was typed, and the first of the users who do."""
    typed, query = _asked()
    asked = bounds(MIN_ID)
    page = search.posts(query, reader_id(), asked)
    return render_template(
        "explore/search.html",
        typed=typed,
        query=query,
        page=page,
        articles=articles(page.rows, mark=highlight.marker(query)),
        users=people.users(query, reader_id(), NEWEST_PAGE).rows if asked == NEWEST_PAGE else [],
        mark=highlight.nickname_marker(query),
    )


@bp.get("/search/people")
@limit_searches
@reader_required
def find_people():
    """Show the users who fit what was typed, those who joined last first."""
    typed, query = _asked()
    return render_template(
        "explore/search_people.html",
        typed=typed,
        query=query,
        page=people.users(query, reader_id(), bounds()),
        mark=highlight.nickname_marker(query),
    )


@bp.errorhandler(TookTooLong)
def search_took_too_long(error: TookTooLong):
    """Ask for a search that is easier to answer."""
    seconds = current_app.config["SEARCH_SECONDS"]
    current_app.logger.info("a search was given up after %s seconds", seconds)
    typed, query = _asked()
    page = render_template(
        "explore/search.html",
        typed=typed,
        query=query,
        page=Page([]),
        took_too_long=True,
    )
    return page, 503


def _asked() -> tuple[str, search_terms.Query]:
    typed = request.args.get("q", "").strip()
    return typed, search_terms.parse(typed)
