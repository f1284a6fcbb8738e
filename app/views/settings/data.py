"""Taking one's posts along, and bringing them here."""

from collections.abc import Iterator

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask_login import login_required
from werkzeug.exceptions import RequestEntityTooLarge

from app.extensions import csrf, limiter
from app.forms.archive import MAX_ARCHIVE, BadArchive, posts_in
from app.models.posts.brought import MAX_BROUGHT, TooManyBrought, bring_along
from app.queries import export
from app.rendering.archive import Entry, pieces
from app.web.access import user_key
from app.web.origin import own_url

bp = Blueprint("data", __name__, url_prefix="/settings/data")

# Each may read or write a hundred thousand rows.
TAKE_LIMIT = "10 per hour"
BRING_LIMIT = "10 per hour"


@bp.get("")
@login_required
def data():
    """Show how to take one's posts along, bring others here, and leave."""
    return render_template("data/data.html")


@bp.post("/export")
@limiter.limit(TAKE_LIMIT, key_func=user_key)
@login_required
def take():
    """Send the user all that is theirs in one zip."""
    user_id, nickname = g.user.id, g.user.nickname
    profile = {
        "nickname": nickname,
        "about_me": g.user.about_me,
        "web_address": g.user.web_address,
        "site": own_url("/"),
        "following": export.followed_by(user_id),
        "blocked": export.blocked_by(user_id),
    }
    response = Response(
        stream_with_context(pieces(profile, lambda: _entries(user_id))),
        mimetype="application/zip",
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{nickname}.zip"'
    current_app.logger.info("user %s takes their posts along", user_id)
    return response


def _entries(user_id: int) -> Iterator[Entry]:
    post_url = own_url(url_for("posts.post", post_id=0))[:-1]
    for row in export.posts_of(user_id):
        edited = row.edited and row.edited.isoformat()
        url = row.source or f"{post_url}{row.id}"
        answered = row.reply_to_id and f"{post_url}{row.reply_to_id}"
        yield Entry(url, row.timestamp.isoformat(), edited, answered, row.body)


@bp.post("/import")
@csrf.exempt
@limiter.limit(BRING_LIMIT, key_func=user_key)
@login_required
def bring():
    """Add the posts of an archive to the user's profile, each with its own time."""
    # Before anything reads the form, the token of which is checked right after.
    request.max_content_length = MAX_ARCHIVE
    try:
        csrf.protect()
        file = request.files.get("archive")
    except RequestEntityTooLarge:
        return _refused("This file is larger than this site can take.")
    if not file or not file.filename:
        return _refused("Please choose the zip that a site like this one made for you.")
    try:
        # All of it is read before a row is written, so that a bad file changes nothing.
        total = sum(1 for _ in posts_in(file.stream))
        own = own_url(url_for("posts.post", post_id=0))[:-1]
        added = bring_along(g.user.id, posts_in(file.stream), own)
    except BadArchive as error:
        return _refused(str(error))
    except TooManyBrought:
        return _refused(f"You can bring along at most {MAX_BROUGHT} posts.")
    current_app.logger.info("user %s brought %s posts along", g.user.id, added)
    posts = "post" if added == 1 else "posts"
    known = f" The other {total - added} were here already." if added < total else ""
    flash(f"You brought {added} {posts} along.{known}", "success")
    return redirect(url_for("profiles.user", nickname=g.user.nickname))


def _refused(sentence: str):
    return render_template("data/data.html", problem=sentence), 400
