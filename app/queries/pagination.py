"""Pages of rows by where they begin: Newer and Older, never how many to skip.

A page begins before an id or right after one, so that nothing moves when new rows
arrive and no page costs more than the first.
"""

from typing import NamedTuple

import sqlalchemy as sa

from app.extensions import db

PAGE_SIZE = 25
# One more than is shown tells whether there is another page.
LIMIT = PAGE_SIZE + 1
LARGEST_ID = 2**63 - 1


class Bounds(NamedTuple):
    """Where a page begins: before the id `older`, or right after the id `newer`."""

    older: int | None = None
    newer: int | None = None


NEWEST_PAGE = Bounds()


class Page(NamedTuple):
    """The rows of one page, newest first, and where the pages beside it begin."""

    rows: list[sa.Row]
    # The id before which the older page begins, and the one after which the newer does.
    older: int | None = None
    newer: int | None = None


# Whatever the type of the ids: beyond all of them is where the newest page begins.
_older, _newer = (sa.bindparam(name, type_=sa.BigInteger) for name in ("older", "newer"))


def within(column) -> tuple:
    """Give the conditions that keep the ids of `column` between the bounds of a page."""
    return column < _older, column > _newer


def both_ways(rows: sa.Select, column) -> dict[bool, sa.Select]:
    """Give a statement for pages read downwards from `older`, and one upwards from `newer`.

    `column` holds the ids by which the rows are ordered.
    """
    bounded = rows.where(*within(column)).limit(LIMIT)
    return {
        downwards: bounded.order_by(column.desc() if downwards else column)
        for downwards in (True, False)
    }


def read(statements: dict[bool, sa.Select], bounds: Bounds, **values) -> Page:
    """Read one page with a statement for either direction."""
    downwards = bounds.newer is None
    limits = {
        "older": LARGEST_ID if bounds.older is None else bounds.older,
        "newer": 0 if bounds.newer is None else bounds.newer,
    }
    # By the connection itself: the session would look for entities to load in plain rows.
    found = db.session.connection().execute(statements[downwards], {**limits, **values}).all()
    more, rows = len(found) > PAGE_SIZE, list(found[:PAGE_SIZE])
    if not downwards:
        rows.reverse()
    # Whoever came from a page knows that it is there; otherwise one row too many tells.
    has_older = more if downwards else True
    has_newer = more if not downwards else bounds.older is not None
    if not rows:
        return Page([])
    return Page(rows, rows[-1].id if has_older else None, rows[0].id if has_newer else None)
