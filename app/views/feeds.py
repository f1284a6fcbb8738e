"""Atom feeds (RFC 4287, replies as in RFC 4685): of all, a user, a tag, a conversation; private."""

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, request, url_for

from app.models import PrivateFeed, User
from app.models.posts import contents
from app.queries import notifications as queries
from app.queries import timelines
from app.queries.conversations import pages as conversations
from app.queries.pagination import NEWEST_PAGE, Page
from app.rendering.notifications import sentence
from app.rendering.posts.articles import entries
from app.views.posts import POST
from app.views.profiles import to_new_name
from app.web.access import reader_id, reader_required
from app.web.headers import allow_private_caching, allow_public_caching
from app.web.origin import own_url

bp = Blueprint("feeds", __name__)

# A feed has to have a date (4.1.1), even without posts, and it must stay the same.
NOTHING_YET = datetime(2012, 1, 1, tzinfo=UTC)
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


@bp.get(f"{POST}.atom")
@reader_required
def conversation(post_id: int):
    """Show the newest posts of a conversation to feed readers."""
    posts = conversations.newest(post_id, reader_id()) or abort(404)
    own, page = (url_for(at, post_id=post_id) for at in ("feeds.conversation", "posts.post"))
    return _feed("Conversation", own, page, Page(posts))


@bp.get("/home.atom")
def home():
    """Show what stands on the home page of a member to their feed reader, by its token."""
    reader = PrivateFeed.reader(request.args.get("token", "")) or abort(404)
    own, page = url_for("feeds.home", token=request.args["token"]), url_for("posts.index")
    return _feed(f"Home of {reader.nickname}", own, page, timelines.home(reader.id), True)


@bp.get("/notifications.atom")
def notifications():
    """Show what happened to a member to their feed reader, by its token."""
    reader = PrivateFeed.reader(request.args.get("token", "")) or abort(404)
    page, _ = queries.of_user(reader.id, NEWEST_PAGE)
    updated = max((line.created for line in page.rows), default=NOTHING_YET)
    text = render_template(
        "notifications/feed.xml",
        title=f"Notifications of {reader.nickname}",
        page_url=own_url(url_for("notifications.index")),
        feed_url=own_url(url_for("feeds.notifications", token=request.args["token"])),
        updated=updated,
        lines=page.rows,
        sentence=sentence,
    )
    return _answer(text, updated, True)


def _feed(
    title: str, feed_url: str, page_url: str, page: Page, is_private: bool = False
) -> Response:
    changed = [post.edited or post.timestamp for post in page.rows]
    updated = max(changed, default=NOTHING_YET)
    text = render_template(
        "explore/feed.xml",
        title=title,
        page_url=own_url(page_url),
        feed_url=own_url(feed_url),
        updated=updated,
        entries=entries(page.rows),
    )
    return _answer(text, updated, is_private)


def _answer(text: str, updated: datetime, is_private: bool) -> Response:
    response = Response(NO_XML.sub("", text), mimetype="application/atom+xml")
    response.last_modified = updated
    if is_private:
        allow_private_caching()
    else:
        allow_public_caching()
    response.add_etag()
    # Changes this very response, and returns it.
    response.make_conditional(request)
    return response
