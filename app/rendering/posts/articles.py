"""Posts as the articles of a page, each rendered once for all who are shown the same.

An article depends on its post's row, on who reads it (one of four kinds) and on nothing else, so
there is nothing to forget when something changes: another name, text, picture or number of
replies makes another row. What differs from page to page is put in afterwards: how long ago the
post was written and edited, where one comes back to after deleting it, and what a search marks.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from flask import Flask, current_app, request
from flask_login import current_user
from markupsafe import Markup

from app.database import now
from app.queries.timelines import PostRow
from app.rendering import dates
from app.rendering.posts.cards import card, linked
from app.rendering.posts.linkify import Escape

# Of some 2 KB each.
MOST_KEPT = 2048
# What stands in an article for what is put in: nobody can write them.
WRITTEN, EDITED, BACK, TEXT = (secrets.token_hex(16) for _ in range(4))


def init_app(app: Flask) -> None:
    """Let `app` keep what it renders; not in debug mode, where templates change."""
    keep = lru_cache(0 if app.debug else MOST_KEPT)
    app.extensions["articles"], app.extensions["entries"] = keep(_article), keep(_entry)


def articles(
    posts: Iterable[PostRow],
    back: str | None = None,
    mark: Escape | None = None,
    is_current: bool = False,
) -> list[Markup]:
    """Return these posts as HTML.

    `back` is the path to come back to after deleting one, which without it is this page's;
    `mark` makes HTML of text that is no link; of a current post its page says so.
    """
    render = current_app.extensions["articles"]
    reader_id, reader = 0, "visitor"
    # A page for everybody tells a time that stays true while it lies in a cache.
    moment: datetime | None = None
    if current_user.is_authenticated:
        reader_id, reader = current_user.id, "moderator" if current_user.is_moderator else "member"
        moment = now()
    made = []
    for post in posts:
        kind = "author" if post.user_id == reader_id else reader
        html = render(post, kind, is_current, mark is not None)
        if mark:
            html = html.replace(TEXT, linked(post, mark))
        if moment:
            html = html.replace(WRITTEN, dates.relative(post.timestamp, moment))
            if post.edited:
                html = html.replace(EDITED, dates.relative(post.edited, moment))
        if kind == "author":
            path = request.full_path.rstrip("?") if back is None else back
            html = html.replace(BACK, quote(path))
        made.append(Markup(html))
    return made


def _article(post: PostRow, reader: str, is_current: bool, is_marked: bool) -> str:
    is_visitor = reader == "visitor"
    edited = None
    if post.edited:
        edited = dates.html(post.edited, None if is_visitor else EDITED, "dt-updated")
    written = dates.html(post.timestamp, None if is_visitor else WRITTEN, "dt-published")
    template = current_app.jinja_env.get_template("_post.html")
    macro = vars(template.module)["post"]
    text = Markup(TEXT) if is_marked else linked(post)
    return str(macro(card(post), text, written, edited, reader, is_current, BACK))


def entries(posts: Iterable[PostRow]) -> list[Markup]:
    """Return these posts as the entries of an Atom feed (RFC 4287, 4.1.2)."""
    return [current_app.extensions["entries"](post) for post in posts]


def _entry(post: PostRow) -> Markup:
    template = current_app.jinja_env.get_template("explore/_entry.xml")
    return vars(template.module)["entry"](
        card(post), linked(post), post, current_app.config["SITE_URL"]
    )
