"""Posts as pages show them: links made, times told, addresses built once for each author."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa
from flask import url_for
from flask_login import current_user
from markupsafe import Markup, escape

from app import markup, moments
from app.database import now
from app.models import avatar_url, drawn_avatar_url

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


def cards(rows: Iterable[sa.Row], mark: Callable[[str], Markup] = escape) -> list[Card]:
    """Give the cards of the rows of a timeline; `mark` makes HTML of text that is no link."""
    signed_in = current_user.is_authenticated
    reader = current_user.id if signed_in else None
    # A page for everybody tells a time that stays true while it lies in a cache.
    moment: datetime | None = now() if signed_in else None
    post_url = url_for("posts.post", post_id=0)[:-1]
    user_url = url_for("profiles.user", nickname="-")[:-1]
    tag_url = url_for("reading.tag", name="-")[:-1]
    pictures: dict[int, tuple[str, str | None]] = {}
    link = partial(
        markup.render,
        user_url=lambda nickname: user_url + nickname,
        tag_url=lambda name: tag_url + markup.in_url(name),
        plain=mark,
    )
    made = []
    for row in rows:
        if row.user_id not in pictures:
            pictures[row.user_id] = (
                drawn_avatar_url(row.avatar_seed),
                avatar_url(row.email, row.avatar_seed, AVATAR_SIZE) if row.email else None,
            )
        drawn, gravatar = pictures[row.user_id]
        made.append(
            Card(
                row.id,
                f"{post_url}{row.id}",
                row.body,
                link(row.body, set((row.mentioned or "").split())),
                row.nickname,
                user_url + row.nickname,
                drawn,
                gravatar if gravatar != drawn else None,
                moments.html(row.timestamp, moment, "dt-published"),
                row.edited and moments.html(row.edited, moment, "dt-updated"),
                row.user_id == reader,
            )
        )
    return made
