"""The statements of a search: one for each kind of query, made when it is first asked for.

Like the lists in timelines they find the ids of one page, and only then the posts. Where
they begin decides what they cost: at the index of words, or at a list, which holds the posts
of an author or with a tag in order.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.models import User
from app.models.posts.post import Post, Tag
from app.queries.pagination import (
    LIMIT,
    NEWER,
    OLDER,
    Bidirectional,
    bidirectional,
    first,
    page_of,
)
from app.queries.timelines import posts_of
from app.queries.visibility import is_shown, looked_up, visible

# How many of the newest posts PostgreSQL looks through before it asks for all that fit, which
# come in no order: of a common word they would be millions. Of an author or with a tag it is
# fewer, since their texts are looked up one by one.
MAX_WALKED = 5000
MAX_LOOKED_UP = 1000
# Beyond this an author's or a tag's posts count as many.
MAX_COUNTED = 10_000

_author = sa.select(User.id).where(User.nickname_key == sa.bindparam("author")).scalar_subquery()
_fts5 = sa.table("post_search", sa.column("rowid"), sa.column("post_search"))
_documents = sa.table("post_search", sa.column("post_id"), sa.column("document"))


def _fits(document) -> sa.ColumnElement[bool]:
    query = sa.func.to_tsquery("simple", sa.bindparam("match", type_=sa.Text))
    return document.op("@@", is_comparison=True)(query)


# All ids that the index finds.
FOUND = {
    "sqlite": sa.select(_fts5.c.rowid.label("id")).where(
        _fts5.c.post_search.match(sa.bindparam("match"))
    ),
    "postgresql": sa.select(_documents.c.post_id.label("id")).where(_fits(_documents.c.document)),
}


class Kind(NamedTuple):
    """A kind of query: whether it has words and an author, and how many tags."""

    words: bool
    author: bool
    tags: int


class Source(NamedTuple):
    """Ids of posts as an index has them in order, named "id", and the column that holds them.

    Of an author or a tag the index has another column before it, and they are `of` one value.
    """

    rows: sa.Select
    post_id: sa.SQLColumnExpression[int]
    of: tuple[sa.SQLColumnExpression, sa.SQLColumnExpression] | None = None

    @property
    def all(self) -> sa.Select:
        return self.rows.where(*([self.of[0] == self.of[1]] if self.of else []))

    def page(self, dialect: str, downwards: bool, limit: int = LIMIT) -> sa.Select:
        """Return the ids between the bounds of a page, in order, at most `limit`."""
        if self.of is None or dialect == "sqlite":
            return page_of(self.all, self.post_id, downwards, limit)
        column, value = self.of
        # Told that the column equals something, PostgreSQL may look for it among all posts:
        # for a busy author, whom this one is not. This order no other index has.
        key = sa.tuple_(column, self.post_id)
        rows = self.rows.where(key < sa.tuple_(value, OLDER), key > sa.tuple_(value, NEWER))
        order = (one.desc() if downwards else one.asc() for one in (column, self.post_id))
        return rows.order_by(*order).limit(limit)


@cache
def statements_of(dialect: str, kind: Kind) -> Bidirectional:
    """Return the statements of a page of the posts that such a query finds.

    They take the values of `given`, `match`, `author`, and `tag_0` and so on.
    """
    ids_of_page = {"sqlite": _ids_sqlite, "postgresql": _ids_postgresql}[dialect]

    def statement(downwards: bool) -> sa.Select:
        page: sa.SelectBase
        if not kind.words and kind.author + kind.tags == 1:
            (posts,) = _lists(kind)
            page = posts._replace(rows=visible(posts.rows, posts.post_id)).page(dialect, downwards)
        else:
            page = ids_of_page(kind, downwards)
        ids = page.cte("ids")
        # Finding them takes PostgreSQL's planner for so dear that it would walk all posts then.
        ids = ids.prefix_with("MATERIALIZED", dialect="postgresql")
        return posts_of(sa.select(ids.c.id), downwards)

    return bidirectional(statement)


def _ids_sqlite(kind: Kind, downwards: bool) -> sa.SelectBase:
    lists = _lists(kind)
    if not kind.words:
        fitting = (
            posts._replace(rows=visible(_checked(posts.rows, posts.post_id, kind), posts.post_id))
            for posts in _sources(kind, "sqlite", downwards)
        )
        return _all_of(posts.page("sqlite", downwards) for posts in fitting)
    # FTS5 gives ids in their order, either way, and reads no more of them than are taken.
    post_id = _fts5.c.rowid
    found = visible(_checked(FOUND["sqlite"], post_id, kind), post_id)
    if not lists:
        return page_of(found, post_id, downwards)
    # Nor need it read what is newer than the newest post of the author, or older than the oldest.
    newest = sa.func.min(OLDER - 1, *(_one_id(sa.func.max, posts) for posts in lists))
    oldest = sa.func.max(NEWER + 1, *(_one_id(sa.func.min, posts) for posts in lists))
    return first(found.where(post_id <= newest, post_id >= oldest), post_id, downwards)


def _one_id(least_or_greatest, posts: Source) -> sa.ColumnElement[int]:
    one = posts.all.with_only_columns(least_or_greatest(posts.post_id)).scalar_subquery()
    return sa.func.coalesce(one, 0)


def _ids_postgresql(kind: Kind, downwards: bool) -> sa.SelectBase:
    # What is common is soon found among the newest posts.
    length = MAX_LOOKED_UP if _lists(kind) else MAX_WALKED
    sources = _sources(kind, "postgresql", downwards)
    windows = [posts.page("postgresql", downwards, length) for posts in sources]
    walked = _walked_postgresql(kind, downwards, _all_of(windows)).cte("walked")
    # Of the others all are found, in no order, so that the planner may begin where it knows that
    # they are few, of an author it does not; and materialized, or it may walk all posts again.
    is_short = _count(walked) < LIMIT
    are_more = _count(_all_of(windows).subquery()) == length
    every = _every_postgresql(kind, is_short, are_more).cte("found").prefix_with("MATERIALIZED")
    older = visible(sa.select(every.c.id), every.c.id)
    return _all_of([sa.select(walked.c.id), page_of(older, every.c.id, downwards)])


def _walked_postgresql(kind: Kind, downwards: bool, window: sa.SelectBase) -> sa.Select:
    """Return the ids of a page of those posts of `window` that match."""
    newest = window.subquery("newest")
    post_id = newest.c.id
    walk = sa.select(post_id)
    if kind.words and _lists(kind):
        fits = sa.select(_fits(_documents.c.document)).where(_documents.c.post_id == post_id)
        walk = walk.where(looked_up(fits, walk))
    elif kind.words:
        walk = walk.where(_fits(newest.c.document))
    if len(_lists(kind)) > 1:
        walk = _checked(walk, post_id, kind)
    return first(visible(walk, post_id), post_id, downwards)


def _every_postgresql(kind: Kind, *conditions: sa.ColumnElement[bool]) -> sa.Select:
    """Return the ids of all posts that match, in no order; of none unless `conditions` hold."""
    post_id = _documents.c.post_id
    every = FOUND["postgresql"] if kind.words else sa.select(post_id.label("id"))
    every = _checked(every.where(*conditions), post_id, kind._replace(tags=0))
    for number in range(kind.tags):
        tagged = sa.select(Tag.post_id).where(Tag.name == _tag(number))
        every = every.where(post_id.in_(tagged))
    return every


def _tag(number: int) -> sa.BindParameter[str]:
    return sa.bindparam(f"tag_{number}", type_=sa.String)


def _tagged(tag) -> Source:
    return Source(sa.select(Tag.post_id.label("id")), Tag.post_id, (Tag.name, tag))


def _by_author(author: sa.SQLColumnExpression = _author) -> Source:
    # Of somebody whose posts are hidden, none is looked at.
    own = sa.select(Post.id).where(is_shown(_author))
    return Source(own, Post.id, (Post.user_id, author))


def _lists(kind: Kind) -> list[Source]:
    """Return the posts with each tag, and those of the author."""
    tagged = (_tagged(_tag(number)) for number in range(kind.tags))
    return [*tagged, *([_by_author()] if kind.author else [])]


def _sources(kind: Kind, dialect: str, downwards: bool) -> list[Source]:
    """Return where to begin looking: one of them gives all that is looked for, and more.

    Of author and tags that is the rarest, and the other gives nothing.
    """
    lists = _lists(kind)
    if not lists:
        everything = sa.select(_documents.c.post_id.label("id"), _documents.c.document)
        return [Source(everything, _documents.c.post_id)]
    if len(lists) == 1:
        return lists
    # The author goes by no name, which is none of a tag.
    names = [*map(_tag, range(kind.tags)), *([sa.literal("")] if kind.author else [])]
    counted = sa.union_all(
        *(
            sa.select(
                name.label("name"),
                _count(posts.page(dialect, downwards, MAX_COUNTED).subquery()).label("posts"),
            )
            for name, posts in zip(names, lists, strict=True)
        )
    ).subquery()
    least = sa.select(counted.c.name).order_by(counted.c.posts).limit(1).cte("rarest")
    rarest = sa.select(least.c.name).scalar_subquery()
    # As a condition of its own SQLite would ask it of each post of the author.
    author = sa.case((rarest == "", _author))
    return [_tagged(rarest), *([_by_author(author)] if kind.author else [])]


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


def _count(rows: sa.FromClause) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(rows).scalar_subquery()


def _all_of(pages: Iterable[sa.Select]) -> sa.SelectBase:
    """Return the ids of all `pages`, each with a LIMIT of its own; of a single one, its rows."""
    one, *others = pages
    if not others:
        return one
    return sa.union_all(*(sa.select(page.subquery().c.id) for page in (one, *others)))
