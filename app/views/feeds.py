"""Atom feeds (RFC 4287) of everybody, of a user, and of a tag."""

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, request, url_for

from app.models import User
from app.models.posts import contents
from app.queries import timelines
from app.queries.pagination import Page
from app.rendering.cards import cards
from app.views.profiles import to_new_name
from app.web.access import reader_id, reader_required
from app.web.headers import allow_public_caching
from app.web.origin import own_url

bp = Blueprint("feeds", __name__)

# What no XML document may hold, however it is written (XML 1.0, 2.2).
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@bp.get("/explore.atom")
@reader_required
def explore():
    """Show everybody's newest posts to feed readers."""
    own, page = url_for("feeds.explore"), url_for("explore.explore")
    return _feed("Everybody", own, page, timelines.public(reader_id()))


@bp.get("/user/<nickname>.atom")
@reader_required
def user(nickname: str):
    """Show a user's newest posts to feed readers."""
    found = User.find(nickname)
    if found is None:
        return to_new_name(nickname) or abort(404)
    own = url_for("feeds.user", nickname=found.nickname)
    page = url_for("profiles.user", nickname=found.nickname)
    return _feed(found.nickname, own, page, timelines.by_author(found.id, reader_id(), oldest=0))


@bp.get("/tag/<name>.atom")
@reader_required
def tag(name: str):
    """Show a tag's newest posts to feed readers."""
    key = contents.tag_key(name) or abort(404)
    own, page = url_for("feeds.tag", name=key), url_for("explore.tag", name=key)
    return _feed(f"#{key}", own, page, timelines.by_tag(key, reader_id(), oldest=0))


def _feed(title: str, feed_url: str, page_url: str, page: Page) -> Response:
    changed = [post.edited or post.timestamp for post in page.rows]
    # A feed has to have one (4.1.1), even without posts, and it must stay the same.
    updated = max(changed, default=datetime(2012, 1, 1, tzinfo=UTC))
    text = render_template(
        "explore/feed.xml",
        title=title,
        page_url=own_url(page_url),
        feed_url=own_url(feed_url),
        updated=updated,
        entries=list(zip(cards(page.rows), page.rows, changed, strict=True)),
    )
    response = Response(NO_XML.sub("", text), mimetype="application/atom+xml")
    response.last_modified = updated
    allow_public_caching()
    response.add_etag()
    # Changes this very response, and returns it.
    response.make_conditional(request)
    return response
