"""Posts that somebody brought along from another site, or from an older account here.

They are history: their ids are below 0, so they stand behind everything that was written
here: on its author's page, under its tags and in searches. What is new (home, explore, feeds)
never meets them.
"""

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import writing
from app.extensions import Model, db
from app.models.posts import contents
from app.models.posts.post import BIG_ID, Mention, Post, Tag

MAX_SOURCE = 300
MAX_BROUGHT = 200_000
# Rows of one transaction; others may write between two of them.
CHUNK = 500


class PostToBring(NamedTuple):
    """A post as a file tells it; `source` is the address at which it was first published."""

    source: str
    body: str
    timestamp: datetime
    edited: datetime | None


class BroughtPost(Model):
    """Where a post came from. The post has this id with a minus; the row outlives it."""

    __table_args__ = (
        sa.UniqueConstraint("user_id", "source"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(sa.String(MAX_SOURCE))


class TooManyBrought(Exception):
    """A user may bring along only so many posts."""


def bring_along(user_id: int, posts: Iterable[PostToBring], own_post_url: str) -> int:
    """Add the posts that this user has not brought along before, and return how many.

    They have to come newest first. `own_post_url` is what the addresses of posts here begin
    with: a post of the user's that is still here is left alone. Each chunk is a transaction
    of its own. Raises TooManyBrought before the chunk that would be too much.
    """
    rows = sa.select(sa.func.count()).select_from(BroughtPost)
    count = db.session.scalar(rows.where(BroughtPost.user_id == user_id)) or 0
    added = 0
    for chunk in _chunks(posts):
        if count + added + len(chunk) > MAX_BROUGHT:
            raise TooManyBrought
        with writing() as session:
            known = _known(session, user_id, [post.source for post in chunk], own_post_url)
            new = list({post.source: post for post in chunk if post.source not in known}.values())
            if new:
                _add(session, user_id, new)
        added += len(new)
    return added


def _chunks(posts: Iterable[PostToBring]) -> Iterator[list[PostToBring]]:
    iterator = iter(posts)
    while chunk := list(itertools.islice(iterator, CHUNK)):
        yield chunk


def _known(session, user_id: int, sources: list[str], own_post_url: str) -> set[str]:
    """Return those of `sources` that the user has here already."""
    brought = sa.select(BroughtPost.source).where(
        BroughtPost.user_id == user_id, BroughtPost.source.in_(sources)
    )
    ids = {
        int(number): source
        for source in sources
        if (number := source.removeprefix(own_post_url)) != source
        and number.isdecimal()
        and number.isascii()
        and len(number) < 19
    }
    own = sa.select(Post.id).where(Post.user_id == user_id, Post.id.in_(ids))
    return set(session.scalars(brought)) | {ids[post_id] for post_id in session.scalars(own)}


def _add(session, user_id: int, posts: list[PostToBring]) -> None:
    insert = sa.insert(BroughtPost).returning(BroughtPost.id, sort_by_parameter_order=True)
    rows = [{"user_id": user_id, "source": post.source} for post in posts]
    ids = [-number for number in session.scalars(insert, rows)]
    session.execute(
        sa.insert(Post),
        [
            {
                "id": post_id,
                "user_id": user_id,
                "body": post.body,
                "timestamp": post.timestamp,
                "edited": post.edited,
            }
            for post_id, post in zip(ids, posts, strict=True)
        ],
    )
    # As Post.index_words does, in one statement for all of them.
    for table, column, words_of in (
        (Tag, "name", contents.tags_of),
        (Mention, "nickname_key", contents.mentions_in),
    ):
        words = [
            {"post_id": post_id, column: word}
            for post_id, post in zip(ids, posts, strict=True)
            for word in words_of(post.body)
        ]
        if words:
            session.execute(sa.insert(table), words)
