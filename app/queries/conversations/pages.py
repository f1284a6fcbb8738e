"""The page of a conversation: the posts around one of them, oldest first.

All posts of a conversation have its thread_id, so that any page of it is one range of an index,
however long it is and whoever answered whom. A post that the reader does not see, or that was
deleted, leaves its place when the reader sees a reply to it.
"""

from typing import NamedTuple

import sqlalchemy as sa

from app.extensions import db
from app.models import ConversationChoice, HiddenPost, User
from app.models.posts.post import DeletedPost, Post
from app.queries.conversations.replies import is_answered
from app.queries.pagination import (
    LIMIT,
    MIN_ID,
    NEWEST_PAGE,
    PAGE_SIZE,
    Bounds,
    bidirectional,
    first,
    keyset_filter,
    read,
)
from app.queries.timelines import COLUMNS, PostRow
from app.queries.visibility import CONDITIONS, READER, blocks, given, is_shown, suspends

# Posts that stand before the one that was asked for, on the page of that one.
BEFORE = 8


class Gone(NamedTuple):
    """The place of a post that the reader does not see; `why` is one of cards.py: GONE."""

    id: int
    why: str


class Conversation(NamedTuple):
    """A page of a conversation, oldest first; of PostRow and Gone."""

    rows: list[PostRow | Gone]
    # The id before which the page before begins, and the one after which the next one does.
    older: int | None
    newer: int | None


POST_ID = sa.bindparam("post_id", type_=sa.BigInteger)
_is_seen = sa.and_(is_shown(Post.user_id), *CONDITIONS)
_stands = sa.or_(_is_seen, is_answered(Post.id))
# Of the one conversation: which it is, if the reader may know that the post stands in it.
_found = sa.union_all(
    sa.select(Post.thread_id.label("id")).where(Post.id == POST_ID, _stands),
    sa.select(DeletedPost.thread_id).where(DeletedPost.id == POST_ID, is_answered(DeletedPost.id)),
).cte("thread")
_thread = sa.select(_found.c.id).scalar_subquery()


def _exists(row: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(row)


_why = sa.case(
    (Post.id.is_(None), sa.case((DeletedPost.by_moderator, "removed"), else_="deleted")),
    (_is_seen, None),
    (_exists(blocks(READER, Post.user_id)), "blocked"),
    (_exists(HiddenPost.post_id == Post.id), "hidden"),
    (_exists(suspends(Post.user_id)), "suspended"),
    # Whoever is blocked is not told of it.
    else_="unseen",
)


def _places(downwards: bool, limit: int, bounds) -> list[sa.Select]:
    """Return the ids of at most `limit` posts of the conversation, and of as many deleted ones.

    `bounds` makes the conditions of a column of ids.
    """
    kinds = (
        (Post, sa.and_(Post.thread_id == _thread, _stands)),
        (DeletedPost, sa.and_(DeletedPost.thread_id == _thread, is_answered(DeletedPost.id))),
    )
    return [
        first(sa.select(kind.id).where(which, *bounds(kind.id)), kind.id, downwards, limit)
        for kind, which in kinds
    ]


def _rows_of(places: list[sa.Select]) -> tuple[sa.Select, sa.ColumnElement[int]]:
    """Return the rows of these places, in no order, and their column of ids."""
    ids = sa.union_all(*(sa.select(place.subquery().c.id) for place in places)).subquery()
    columns = [ids.c.id if name == "id" else COLUMNS[name] for name in PostRow._fields]
    rows = (
        sa.select(*columns, _why.label("why"))
        .select_from(ids)
        .outerjoin(Post, Post.id == ids.c.id)
        .outerjoin(User, User.id == Post.user_id)
        .outerjoin(DeletedPost, DeletedPost.id == ids.c.id)
    )
    return rows, ids.c.id


_around, _id = _rows_of(
    [
        *_places(True, BEFORE + 1, lambda column: [column < POST_ID]),
        *_places(False, LIMIT, lambda column: [column >= POST_ID]),
    ]
)
AROUND = _around.order_by(_id)
PAGES = bidirectional(
    lambda downwards: first(*_rows_of(_places(downwards, LIMIT, keyset_filter)), downwards)
)


def conversation(post_id: int, reader_id: int, bounds: Bounds = NEWEST_PAGE) -> Conversation | None:
    """Return the page of a conversation on which a post of it stands, or another page of it.

    None when the reader sees neither the post nor a reply to it.
    """
    if post_id < MIN_ID:
        # No database holds such a number.
        return None
    values = {"post_id": post_id, **given(reader_id)}
    if bounds != NEWEST_PAGE:
        page = read(PAGES, bounds, _row, MIN_ID, **values)
        if page.rows:
            return Conversation(page.rows[::-1], page.older, page.newer)
    rows = list(map(_row, db.session.connection().execute(AROUND, values)))
    if not rows:
        return None
    begin = next(number for number, row in enumerate(rows) if row.id >= post_id)
    before = rows[max(0, begin - BEFORE) : begin]
    after = rows[begin : begin + PAGE_SIZE - len(before)]
    return Conversation(
        before + after,
        before[0].id if len(before) < begin else None,
        after[-1].id if begin + len(after) < len(rows) else None,
    )


HEARS = sa.select(ConversationChoice.hears).where(
    ConversationChoice.user_id == READER,
    ConversationChoice.thread_id
    == sa.select(Post.thread_id).where(Post.id == POST_ID).scalar_subquery(),
)


def hears(post_id: int, reader_id: int) -> bool | None:
    """Return whether the reader hears of each reply to come, or of none; None as usual."""
    return db.session.connection().scalar(HEARS, {"post_id": post_id, "reader": reader_id})


def _row(row: sa.Row) -> PostRow | Gone:
    *columns, why = row
    return Gone(row.id, why) if why else PostRow(*columns)


def newest(post_id: int, reader_id: int) -> list[PostRow]:
    """Return the newest posts of a conversation, newest first, as a feed tells them.

    There are none when the reader sees neither this post of it nor a reply to that.
    """
    if post_id < MIN_ID:
        return []
    values = {"post_id": post_id, **given(reader_id)}
    page = read(PAGES, NEWEST_PAGE, _row, MIN_ID, **values)
    return [row for row in page.rows if not isinstance(row, Gone)]
