"""Users by the beginning of their nickname, a page at a time."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.database.durations.bounded import bounded
from app.extensions import db
from app.models import User
from app.queries.pagination import (
    Bidirectional,
    Bounds,
    Page,
    bidirectional,
    first,
    keyset_filter,
    page_of,
    read,
)
from app.queries.profiles import PEOPLE
from app.queries.search.terms import Query, beginnings
from app.queries.visibility import given, is_shown

# So many who fit are put in order one and all; of more, the next is never far.
MAX_SORTED = 5000
# What is added to the ids of those whose nickname is one of the words, so that they come first,
# and each still has one place among the pages; more than there will ever be users.
FOREMOST = 2**62
# Comes after all that a nickname may hold.
END = "\x7f"


def users(query: Query, reader_id: int, bounds: Bounds) -> Page:
    """Return a page of the users whose nickname begins with one of the words.

    First come those whose nickname is one of them, then the others, newest first. The `id` of a
    row is its place in that order.

    Raises TookTooLong.
    """
    if not (texts := beginnings(query)):
        return Page([])
    values: dict[str, Any] = {f"from_{n}": text for n, text in enumerate(texts)}
    values |= {f"to_{n}": text + END for n, text in enumerate(texts)}
    with bounded(current_app.config["SEARCH_SECONDS"]):
        statements = _statements(db.engine.dialect.name, len(texts))
        return read(statements, bounds, **given(reader_id), **values)


@cache
def _statements(dialect: str, texts: int) -> Bidirectional:
    # What begins with a text is a range of the names in order, and an index has them so. That
    # of PostgreSQL is one of its own, since its others may order as a dictionary does.
    key = User.nickname_key if dialect == "sqlite" else sa.collate(User.nickname_key, "C")
    words: list[Any] = [sa.bindparam(f"from_{n}") for n in range(texts)]
    ends: list[Any] = [sa.bindparam(f"to_{n}") for n in range(texts)]
    fits = [sa.and_(key > begin, key < end) for begin, end in zip(words, ends, strict=True)]
    return bidirectional(lambda downwards: _page(fits, User.nickname_key.in_(words), downwards))


def _page(
    fits: list[sa.ColumnElement[bool]], is_exact: sa.ColumnElement[bool], downwards: bool
) -> sa.Select:
    # Where few fit they are read by name and sorted by id; where many do, the users are walked
    # by id until the page is full. The exact ones, of whom there is one a word, are added.
    by_name = (sa.select(User.id).where(fit).limit(MAX_SORTED + 1).subquery() for fit in fits)
    fitting = sa.union(*(sa.select(names.c.id) for names in by_name)).cte("fitting")
    count = sa.select(sa.func.count().label("fit")).select_from(fitting).subquery()
    few = sa.select(User.id).where(count.c.fit <= MAX_SORTED, User.id.in_(sa.select(fitting.c.id)))
    many = sa.select(User.id).where(count.c.fit > MAX_SORTED, sa.or_(*fits))
    pages = (
        page_of(
            ids.select_from(count.join(User, sa.true())).where(sa.not_(is_exact)),
            User.id,
            downwards,
        ).subquery()
        for ids in (few.where(is_shown(User.id)), many.where(is_shown(User.id)))
    )
    place = sa.cast(User.id, sa.BigInteger) + FOREMOST
    exact = sa.select(User.id, place.label("place")).where(is_exact, is_shown(User.id))
    exact = exact.where(*keyset_filter(place))
    others = (sa.select(page.c.id, page.c.id.label("place")) for page in pages)
    found = sa.union_all(*others, exact).subquery()
    rows = PEOPLE.with_only_columns(found.c.place.label("id"), *list(PEOPLE.selected_columns)[1:])
    return first(rows.join(found, found.c.id == User.id), found.c.place, downwards)
