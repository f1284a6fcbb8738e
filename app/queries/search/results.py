"""Posts by what a visitor looks for, a page at a time.

The index is kept by triggers that the migrations make: FTS5 in SQLite, tsvector in
PostgreSQL. What is typed never reaches their query languages as it is.
"""

from typing import Any

from flask import current_app

from app.database.durations.bounded import bounded
from app.extensions import db
from app.queries.pagination import MIN_ID, Bounds, Page, read
from app.queries.search.statements import Kind, statements_of
from app.queries.search.terms import Phrase, Query, folded, words
from app.queries.timelines import PostRow
from app.queries.visibility import given


def posts(query: Query, reader_id: int, bounds: Bounds) -> Page:
    """Return a page of the posts that match all of `query`, newest first. Raises TookTooLong."""
    authors, tags = set(query.authors), list(dict.fromkeys(query.tags))
    # Nobody is two people, so two of them find nothing.
    if not query or len(authors) > 1:
        return Page([])
    dialect = db.engine.dialect.name
    values: dict[str, Any] = {f"tag_{number}": tag for number, tag in enumerate(tags)}
    if query.phrases:
        values["match"] = MATCH[dialect](query.phrases)
    if authors:
        values["author"] = authors.pop()
    kind = Kind(bool(query.phrases), "author" in values, len(tags))
    with bounded(current_app.config["SEARCH_SECONDS"]):
        statements = statements_of(dialect, kind)
        return read(statements, bounds, PostRow._make, MIN_ID, **given(reader_id), **values)


def _match_sqlite(phrases: list[Phrase]) -> str:
    # Everything is quoted, and within quotes FTS5 knows no operators.
    return " AND ".join(
        f'"{" ".join(words(phrase.written))}"{"*" if phrase.is_prefix else ""}'
        for phrase in phrases
    )


def _match_postgresql(phrases: list[Phrase]) -> str:
    # Each word is quoted, and none holds a quote.
    return " & ".join(
        "("
        + " <-> ".join(f"'{word}'" for word in words(folded(phrase.written)))
        + (":*)" if phrase.is_prefix else ")")
        for phrase in phrases
    )


# What the index of each database is asked for.
MATCH = {"sqlite": _match_sqlite, "postgresql": _match_postgresql}
