"""Keyset pagination: Newer and Older begin at an id, and never skip so many rows.

A page begins before an id or right after one, so that nothing moves when new rows
arrive and no page costs more than the first.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.extensions import db

PAGE_SIZE = 25
# One more than is shown tells whether there is another page.
LIMIT = PAGE_SIZE + 1
MAX_ID = 2**63 - 1
# The ids of posts that were brought along lie below 0, and so behind all others.
MIN_ID = -MAX_ID

# The same rows from the newest down (True), and from the oldest up.
Bidirectional = dict[bool, sa.Select]


class Bounds(NamedTuple):
    """Where a page begins: before the id `older`, or right after the id `newer`."""

    older: int | None = None
    newer: int | None = None


NEWEST_PAGE = Bounds()


class Page(NamedTuple):
    """The rows of one page, newest first, and where the pages beside it begin."""

    rows: list[Any]
    # The id before which the older page begins, and the one after which the newer does.
    older: int | None = None
    newer: int | None = None
    # The row right behind the last one, where the page was read downwards.
    behind: Any = None


# Whatever the type of the ids: beyond all of them is where the newest page begins.
OLDER, NEWER = (sa.bindparam(name, type_=sa.BigInteger) for name in ("older", "newer"))


def keyset_filter(column) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that keep the ids of `column` between the bounds of a page."""
    return column < OLDER, column > NEWER


def first(rows: sa.Select, column, downwards: bool, limit: int = LIMIT) -> sa.Select:
    """Return `rows` in the order of their ids, which `column` holds, and at most `limit`."""
    return rows.order_by(column.desc() if downwards else column.asc()).limit(limit)


def page_of(rows: sa.Select, column, downwards: bool, limit: int = LIMIT) -> sa.Select:
    """Return `rows` between the bounds of a page, in the order of their ids, at most `limit`."""
    return first(rows.where(*keyset_filter(column)), column, downwards, limit)


def bidirectional(make: Callable[[bool], sa.Select]) -> Bidirectional:
    """Return the two statements that `make` returns, told whether a page is read downwards."""
    return {downwards: make(downwards) for downwards in (True, False)}


def read(
    statements: Bidirectional,
    bounds: Bounds,
    make_row: Callable[[sa.Row], Any] | None = None,
    oldest: int = 0,
    **values,
) -> Page:
    """Return one page, read with the statement of its direction.

    `make_row` makes its rows, which need an `id`; none has one of `oldest` or below.
    `values` are those of the statement.
    """
    downwards = bounds.newer is None
    limits = {
        "older": MAX_ID if bounds.older is None else bounds.older,
        "newer": oldest if bounds.newer is None else bounds.newer,
    }
    # By the connection itself: the session would look for entities to load in plain rows.
    found = db.session.connection().execute(statements[downwards], {**limits, **values}).all()
    more = len(found) > PAGE_SIZE
    made: list[Any] = list(map(make_row, found) if make_row else found)
    rows = made[:PAGE_SIZE]
    if not downwards:
        rows.reverse()
    # Whoever came from a page knows that it is there; otherwise one row too many tells.
    has_older = more if downwards else True
    has_newer = more if not downwards else bounds.older is not None
    if not rows:
        return Page([])
    return Page(
        rows,
        rows[-1].id if has_older else None,
        rows[0].id if has_newer else None,
        made[PAGE_SIZE] if more and downwards else None,
    )
