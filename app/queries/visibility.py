"""Which posts a reader may see: conditions that every list of posts and a single post take.

A list takes them inside its innermost LIMIT. Rows that are left out later leave gaps, or a
page that is empty although there is more to read.
"""

from typing import Any

import sqlalchemy as sa

from app.database import UTCDateTime, now
from app.models import Block, HiddenPost, Post, Suspension

# The id of the reader, 0 for a visitor, and the moment. Every statement with posts takes both.
READER = sa.bindparam("reader", type_=sa.Integer)
MOMENT = sa.bindparam("moment", type_=UTCDateTime)


def given(reader_id: int) -> dict[str, Any]:
    """Return what a statement with posts takes when the user with this id (0: a visitor) reads."""
    return {"reader": reader_id, "moment": now()}


def _none_of(*rows: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the condition that no row fits, of each of which there is at most one.

    They are looked up by their keys, one after the other. Of `exists()` PostgreSQL would
    rather make a join, or a hash of all that are in the table.
    """
    found = (sa.select(sa.true()).where(row).scalar_subquery() for row in rows)
    return sa.not_(sa.func.coalesce(*found, sa.false()))


def blocks(blocker, blocked) -> sa.ColumnElement[bool]:
    """Return the condition of the one row of Block, if there is one, by the ids of both."""
    return sa.and_(Block.blocker_id == blocker, Block.blocked_id == blocked)


def suspends(user_id) -> sa.ColumnElement[bool]:
    """Return the condition of the suspension that is in force for a user, if there is one."""
    in_force = sa.or_(Suspension.until.is_(None), Suspension.until > MOMENT)
    return sa.and_(Suspension.user_id == user_id, in_force)


def is_met(user_id) -> sa.ColumnElement[bool]:
    """Return the condition that no block stands between READER and a user."""
    return _none_of(blocks(READER, user_id), blocks(user_id, READER))


def is_shown(user_id) -> sa.ColumnElement[bool]:
    """Return the condition that READER may see a user in lists, and what that user wrote."""
    hiding = blocks(READER, user_id), blocks(user_id, READER), suspends(user_id)
    return sa.or_(user_id == READER, _none_of(*hiding))


# Those between whom and READER a block stands.
_KEPT_APART = sa.union_all(
    sa.select(Block.blocked_id).where(Block.blocker_id == READER),
    sa.select(Block.blocker_id).where(Block.blocked_id == READER),
)


def is_shown_of_many(user_id) -> sa.ColumnElement[bool]:
    """Return the condition of `is_shown` for hundreds of others than READER.

    The blocks are read once, not twice for each of them.
    """
    return sa.and_(user_id.not_in(_KEPT_APART), _none_of(suspends(user_id)))


def conditions_of(post) -> tuple[sa.ColumnElement[bool], ...]:
    """Return all that `post` must fulfil for READER to see it, beside what its author must.

    It is Post or an alias of it. A condition may ask other tables, by an alias, since a list may
    have users or tags of its own.
    """
    return (sa.or_(post.user_id == READER, _none_of(HiddenPost.post_id == post.id)),)


CONDITIONS = conditions_of(Post)


def is_seen(post) -> sa.ColumnElement[bool]:
    """Return the condition that READER may see `post`, which is Post or an alias of it."""
    return sa.and_(is_shown(post.user_id), *conditions_of(post))


def visible(rows: sa.Select, post_id=Post.id, of_shown: bool = False) -> sa.Select:
    """Return `rows` without the posts that their reader may not see.

    Posts are among their tables, or they have but the ids of some, in the column `post_id`.
    With `of_shown` they have been asked already whether `is_shown` holds of their authors:
    where these are known, that is once for each, and not with every post.
    """
    conditions = CONDITIONS if of_shown else (is_shown(Post.user_id), *CONDITIONS)
    if post_id is Post.id:
        return rows.where(*conditions)
    return rows.where(looked_up(sa.select(sa.and_(*conditions)).where(Post.id == post_id), rows))


def looked_up(value: sa.Select, rows: sa.Select) -> sa.ScalarSelect:
    """Return `value`, looked up anew for each of `rows`.

    No database makes a join of it, as it does of `exists()`: a join may begin elsewhere, and
    leaves the order in which an index gives the rows.
    """
    return value.correlate(*rows.get_final_froms()).scalar_subquery()
