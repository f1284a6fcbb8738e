"""Posts and users by what a visitor looks for, a page at a time.

The index is kept by triggers that the migrations make: FTS5 in SQLite, tsvector in
PostgreSQL. What is typed never reaches their query languages as it is.

Each kind of query has a statement, made when it is first asked for. Like the lists in
timelines it finds the ids of one page, and only then the posts.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.database.bounded import bounded
from app.extensions import db
from app.models import User
from app.models.posts import Post, Tag
from app.queries.pagination import (
    LIMIT,
    NEWER,
    OLDER,
    Bidirectional,
    Bounds,
    Page,
    bidirectional,
    first,
    page_of,
    read,
)
from app.queries.profiles import PEOPLE
from app.queries.search_terms import Phrase, Query, beginnings, folded, words
from app.queries.timelines import PostRow, posts_of
from app.queries.visibility import looked_up, visible

# How many of the newest posts PostgreSQL looks through before it asks for all that fit, which
# come in no order: of a common word they would be millions. Of an author or with a tag it is
# fewer, since their texts are looked up one by one.
MAX_WALKED = 5000
MAX_LOOKED_UP = 1000
# Beyond this an author's or a tag's posts count as many.
MAX_COUNTED = 10_000
# Seconds after which the database gives one up.
MAX_SECONDS = 2.0

_author = sa.select(User.id).where(User.nickname_key == sa.bindparam("author")).scalar_subquery()
_fts5 = sa.table("post_search", sa.column("rowid"), sa.column("post_search"))
_documents = sa.table("post_search", sa.column("post_id"), sa.column("document"))


class Kind(NamedTuple):
    """A kind of query: whether it has words and an author, and how many tags."""

    words: bool
    author: bool
    tags: int


class Source(NamedTuple):
    """Ids of posts as an index has them in order, and the column that holds them."""

    rows: sa.Select
    post_id: sa.SQLColumnExpression[int]


def posts(query: Query, reader_id: int, bounds: Bounds) -> Page:
    """Return a page of the posts that match all of `query`, newest first. Raises TookTooLong."""
    authors, tags = set(query.authors), list(dict.fromkeys(query.tags))
    # Nobody is two people, so two of them find nothing.
    if not query or len(authors) > 1:
        return Page([])
    dialect = db.engine.dialect.name
    values: dict[str, object] = {f"tag_{n}": tag for n, tag in enumerate(tags)}
    if query.phrases:
        values["match"] = MATCH[dialect](query.phrases)
    if authors:
        values["author"] = authors.pop()
    kind = Kind(bool(query.phrases), "author" in values, len(tags))
    with bounded(MAX_SECONDS):
        return read(_pages(dialect, kind), bounds, PostRow._make, reader=reader_id, **values)


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


MATCH = {"sqlite": _match_sqlite, "postgresql": _match_postgresql}


def _fits(document) -> sa.ColumnElement[bool]:
    query = sa.func.to_tsquery("simple", sa.bindparam("match", type_=sa.Text))
    return document.op("@@", is_comparison=True)(query)


# All ids that the index finds.
FOUND = {
    "sqlite": sa.select(_fts5.c.rowid).where(_fts5.c.post_search.match(sa.bindparam("match"))),
    "postgresql": sa.select(_documents.c.post_id).where(_fits(_documents.c.document)),
}


@cache
def _pages(dialect: str, kind: Kind) -> Bidirectional:
    if not kind.words and kind.author + kind.tags == 1:
        make_ids = _ids_of_list
    else:
        make_ids = {"sqlite": _ids_sqlite, "postgresql": _ids_postgresql}[dialect]

    def make(downwards: bool) -> sa.Select:
        # Finding them takes PostgreSQL's planner for so dear that it would walk all posts then.
        ids = make_ids(kind, downwards).cte("ids").prefix_with("MATERIALIZED", dialect="postgresql")
        return posts_of(sa.select(ids.c[0]), downwards)

    return bidirectional(make)


def _ids_of_list(kind: Kind, downwards: bool) -> sa.SelectBase:
    ((rows, post_id),) = _lists(kind).values()
    return page_of(visible(rows, post_id), post_id, downwards)


def _ids_sqlite(kind: Kind, downwards: bool) -> sa.SelectBase:
    if not kind.words:
        return _all_of(
            page_of(visible(_checked(rows, post_id, kind), post_id), post_id, downwards)
            for rows, post_id in _sources(kind)
        )
    # FTS5 gives ids in their order, either way, and reads no more of them than are taken.
    post_id = _fts5.c.rowid
    found = visible(_checked(FOUND["sqlite"], post_id, kind), post_id)
    lists = _lists(kind).values()
    if not lists:
        return page_of(found, post_id, downwards)
    # Nor need it read what is newer than the newest post of the author, or older than the oldest.
    ends = [[_end(end, source) for source in lists] for end in (sa.func.max, sa.func.min)]
    newest, oldest = sa.func.min(OLDER - 1, *ends[0]), sa.func.max(NEWER + 1, *ends[1])
    return first(found.where(post_id <= newest, post_id >= oldest), post_id, downwards)


def _end(end: Callable, source: Source) -> sa.ColumnElement[int]:
    id_at_end = source.rows.with_only_columns(end(source.post_id)).scalar_subquery()
    return sa.func.coalesce(id_at_end, 0)


def _ids_postgresql(kind: Kind, downwards: bool) -> sa.SelectBase:
    # What is common is soon found among the newest posts.
    lists, sources = _lists(kind), _sources(kind)
    length = MAX_LOOKED_UP if lists else MAX_WALKED
    windows = [page_of(*source, downwards, length) for source in sources]
    newest = _all_of(windows).subquery("newest")
    walk = sa.select(newest.c[0].label("id"))
    if kind.words and lists:
        fits = sa.select(_fits(_documents.c.document)).where(_documents.c.post_id == newest.c[0])
        walk = walk.where(looked_up(fits, walk))
    elif kind.words:
        walk = walk.where(_fits(newest.c.document))
    if len(lists) > 1:
        walk = _checked(walk, newest.c[0], kind)
    walked = first(visible(walk, newest.c[0]), newest.c[0], downwards).cte("walked")
    # Of the others all are found, in no order, so that the planner may begin where it knows that
    # they are few, of an author it does not; and materialized, or it may walk all posts again.
    is_short = sa.select(sa.func.count()).select_from(walked).scalar_subquery() < LIMIT
    are_more = _count(_all_of(windows)) == length
    found = FOUND["postgresql"] if kind.words else sa.select(_documents.c.post_id)
    found = found.where(is_short, are_more)
    found = _checked(found, _documents.c.post_id, kind._replace(tags=0))
    for number in range(kind.tags):
        found = found.where(_documents.c.post_id.in_(lists[number].rows))
    ids = found.cte("found").prefix_with("MATERIALIZED")
    older = visible(sa.select(ids.c.post_id), ids.c.post_id)
    return _all_of([sa.select(walked.c.id), page_of(older, ids.c.post_id, downwards)])


def _tag(number: int) -> sa.BindParameter[str]:
    return sa.bindparam(f"tag_{number}", type_=sa.String)


def _lists(kind: Kind) -> dict[int, Source]:
    """Return the posts with each tag by its number, and those of the author by -1."""
    lists = {
        number: Source(sa.select(Tag.post_id).where(Tag.name == _tag(number)), Tag.post_id)
        for number in range(kind.tags)
    }
    if kind.author:
        lists[-1] = Source(sa.select(Post.id).where(Post.user_id == _author), Post.id)
    return lists


def _sources(kind: Kind) -> list[Source]:
    """Return where to begin looking: one of them gives all that is looked for, and more.

    Of author and tags that is the rarest, and the other gives nothing.
    """
    lists = _lists(kind)
    if not lists:
        posts = sa.select(_documents.c.post_id, _documents.c.document)
        return [Source(posts, _documents.c.post_id)]
    if len(lists) == 1:
        return list(lists.values())
    counted = sa.union_all(
        *(
            sa.select(
                (_tag(number) if number >= 0 else sa.literal("")).label("name"),
                _count(source.rows.limit(MAX_COUNTED)).label("posts"),
            )
            for number, source in lists.items()
        )
    ).subquery()
    least = sa.select(counted.c.name).order_by(counted.c.posts).limit(1).cte("rarest")
    rarest = sa.select(least.c.name).scalar_subquery()
    sources = [Source(sa.select(Tag.post_id).where(Tag.name == rarest), Tag.post_id)]
    if kind.author:
        by_author = lists[-1]
        sources.append(by_author._replace(rows=by_author.rows.where(rarest == "")))
    return sources


def _checked(rows: sa.Select, post_id: sa.SQLColumnExpression, kind: Kind) -> sa.Select:
    """Return `rows` of which the posts in `post_id` are by the author and have all tags."""
    if kind.author and post_id is not Post.id:
        author = sa.select(Post.user_id).where(Post.id == post_id)
        rows = rows.where(looked_up(author, rows) == _author)
    for number in range(kind.tags):
        tag = aliased(Tag)
        has_tag = sa.select(sa.true()).where(tag.post_id == post_id, tag.name == _tag(number))
        rows = rows.where(looked_up(has_tag, rows))
    return rows


def _count(rows: sa.SelectBase) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()


def _all_of(pages: Iterable[sa.Select]) -> sa.SelectBase:
    one, *others = pages
    if not others:
        return one
    return sa.union_all(*(sa.select(page.subquery().c[0].label("id")) for page in (one, *others)))


def users(query: Query, bounds: Bounds) -> Page:
    """Return a page of the users whose nickname begins with one of the words, newest first.

    Raises TookTooLong.
    """
    if not (texts := beginnings(query)):
        return Page([])
    fits = (User.nickname_key.startswith(text, autoescape=True) for text in texts)
    people = PEOPLE.where(sa.or_(*fits))
    with bounded(MAX_SECONDS):
        return read(bidirectional(lambda downwards: page_of(people, User.id, downwards)), bounds)
