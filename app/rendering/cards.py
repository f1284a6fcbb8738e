"""Posts as pages show them: links made, times told, addresses built once for each author."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa
from flask import url_for
from flask_login import current_user
from markupsafe import Markup

from app import markup, moments
from app.avatars import avatar_url, drawn_avatar_url
from app.database import now

AVATAR_SIZE = 48


class Card(NamedTuple):
    """One post, ready for a template."""

    id: int
    url: str
    body: str
    html: Markup
    author: str
    author_url: str
    # A drawn picture, and the Gravatar that lies on it if there is one.
    drawn_avatar: str
    gravatar: str | None
    time: Markup
    edited: Markup | None
    is_own: bool


# What many people read at once is made once; it depends on nothing else than these.
linked = lru_cache(maxsize=4096)(
    lambda body, mentioned, user_url, tag_url: markup.render(
        body, mentioned.split(), user_url, tag_url
    )
)


def cards(rows: Iterable[sa.Row], mark: Callable[[str], str] | None = None) -> list[Card]:
    """Give the cards of the rows of a timeline; `mark` makes HTML of text that is no link."""
    signed_in = current_user.is_authenticated
    reader = current_user.id if signed_in else None
    # A page for everybody tells a time that stays true while it lies in a cache.
    moment: datetime | None = now() if signed_in else None
    post_url = url_for("posts.post", post_id=0)[:-1]
    user_url = url_for("profiles.user", nickname="-")[:-1]
    tag_url = url_for("reading.tag", name="-")[:-1]
    pictures: dict[int, tuple[str, str | None]] = {}
    made = []
    # Taken apart at once, for a look at a row's column by name costs as much as a function.
    for post_id, body, timestamp, edited, user_id, nickname, email, seed, mentioned in rows:
        if user_id not in pictures:
            drawn = drawn_avatar_url(seed)
            gravatar = avatar_url(email, seed, AVATAR_SIZE)
            pictures[user_id] = drawn, gravatar if gravatar != drawn else None
        if mark is None:
            html = linked(body, mentioned or "", user_url, tag_url)
        else:
            html = markup.render(body, (mentioned or "").split(), user_url, tag_url, mark)
        made.append(
            Card(
                post_id,
                f"{post_url}{post_id}",
                body,
                html,
                nickname,
                user_url + nickname,
                *pictures[user_id],
                moments.html(timestamp, moment, "dt-published"),
                edited and moments.html(edited, moment, "dt-updated"),
                user_id == reader,
            )
        )
    return made
