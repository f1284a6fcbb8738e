"""What somebody takes along from here: their posts in pieces, whom they follow, whom they block."""

from collections.abc import Iterator

import sqlalchemy as sa

from app.database import end_transaction
from app.extensions import db
from app.models import Block, BroughtPost, Post, User, followers

CHUNK = 1000

_POSTS = (
    sa.select(Post.id, Post.body, Post.timestamp, Post.edited, Post.reply_to_id, BroughtPost.source)
    .outerjoin(BroughtPost, BroughtPost.id == -Post.id)
    .where(Post.user_id == sa.bindparam("user_id"), Post.id < sa.bindparam("before"))
    .order_by(Post.id.desc())
    .limit(CHUNK)
)


def posts_of(user_id: int) -> Iterator[sa.Row]:
    """Return all posts of a user, newest first, without holding more than a chunk of them.

    No transaction stays open while what was given is on its way to a reader.
    """
    before = 2**63 - 1
    while True:
        values = {"user_id": user_id, "before": before}
        rows = db.session.connection().execute(_POSTS, values).all()
        end_transaction()
        yield from rows
        if len(rows) < CHUNK:
            return
        before = rows[-1].id


def followed_by(user_id: int) -> list[str]:
    """Return the nicknames of those whom a user follows, in alphabetical order."""
    return _nicknames(
        sa.select(User.nickname)
        .join(followers, followers.c.followed_id == User.id)
        .where(followers.c.follower_id == user_id)
    )


def blocked_by(user_id: int) -> list[str]:
    """Return the nicknames of those whom a user blocks, in alphabetical order."""
    return _nicknames(
        sa.select(User.nickname)
        .join(Block, Block.blocked_id == User.id)
        .where(Block.blocker_id == user_id)
    )


def _nicknames(names: sa.Select) -> list[str]:
    return list(db.session.scalars(names.order_by(User.nickname_key)))
