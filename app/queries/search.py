"""Posts and users by what a visitor looks for, a page at a time.

The index is kept by triggers that the migrations make: FTS5 in SQLite, tsvector in
PostgreSQL. What is typed never reaches their query languages as it is.
"""

import sqlalchemy as sa

from app.bounded import bounded
from app.extensions import db
from app.models import User
from app.posts import Post, Tag
from app.queries import pagination, timelines
from app.queries.pagination import Bounds, Page
from app.queries.profiles import PEOPLE
from app.queries.search_terms import Phrase, Query, beginnings, folded, words

# Seconds after which the database gives one up.
MAX_SECONDS = 2.0


def posts(query: Query, bounds: Bounds) -> Page:
    """Give a page of the posts that match all of `query`, newest first. Raises TookTooLong."""
    if not query:
        return Page([])
    statement = timelines.POSTS
    if query.phrases:
        statement = statement.where(Post.id.in_(MATCHES[db.engine.dialect.name](query.phrases)))
    if query.authors:
        # Nobody is two people, so two of them find nothing.
        statement = statement.where(*(User.nickname_key == nickname for nickname in query.authors))
    for tag in query.tags:
        statement = statement.where(Post.id.in_(sa.select(Tag.post_id).where(Tag.name == tag)))
    with bounded(MAX_SECONDS):
        return pagination.read(pagination.both_ways(statement, Post.id), bounds)


def _in_sqlite(phrases: list[Phrase]) -> sa.TextClause:
    # Everything is quoted, and within quotes FTS5 knows no operators.
    match = " AND ".join(
        f'"{" ".join(words(phrase.written))}"{"*" if phrase.is_prefix else ""}'
        for phrase in phrases
    )
    return sa.text("SELECT rowid FROM post_search WHERE post_search MATCH :match").bindparams(
        match=match
    )


def _in_postgresql(phrases: list[Phrase]) -> sa.TextClause:
    # Each word is quoted, and none holds a quote.
    match = " & ".join(
        "("
        + " <-> ".join(f"'{word}'" for word in words(folded(phrase.written)))
        + (":*)" if phrase.is_prefix else ")")
        for phrase in phrases
    )
    return sa.text(
        "SELECT post_id FROM post_search WHERE document @@ to_tsquery('simple', :match)"
    ).bindparams(match=match)


MATCHES = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}


def users(query: Query, bounds: Bounds) -> Page:
    """Give a page of the users whose nickname begins with one of the words, newest first.

    Raises TookTooLong.
    """
    if not (texts := beginnings(query)):
        return Page([])
    fits = (User.nickname_key.startswith(text, autoescape=True) for text in texts)
    with bounded(MAX_SECONDS):
        return pagination.read(pagination.both_ways(PEOPLE.where(sa.or_(*fits)), User.id), bounds)
