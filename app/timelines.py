"""Pages of posts, newest first: whose, and which.

Every page is one SELECT that begins before an id, so that nothing moves when new posts
arrive and no page costs more than the first. It gives rows rather than entities, with
what is shown of the author and of mentions in the same row.
"""

from typing import NamedTuple

import sqlalchemy as sa

from app.extensions import db
from app.models import User, followers
from app.posts import LARGEST_ID, Mention, Post, Tag

PAGE_SIZE = 25


class Bounds(NamedTuple):
    """Where a page begins: before the id `older`, or right after the id `newer`."""

    older: int | None = None
    newer: int | None = None


NEWEST_PAGE = Bounds()


class Page(NamedTuple):
    """The posts of one page, newest first, and where the pages beside it begin."""

    posts: list[sa.Row]
    # The id before which the older page begins, and the one after which the newer does.
    older: int | None = None
    newer: int | None = None


# The nicknames that a post mentions and somebody has, in one text.
_mentioned_users = sa.orm.aliased(User)
_mentioned = (
    sa.select(sa.func.aggregate_strings(_mentioned_users.nickname_key, " "))
    .select_from(Mention)
    .join(_mentioned_users, _mentioned_users.nickname_key == Mention.nickname_key)
    .where(Mention.post_id == Post.id)
    .correlate(Post)
    .scalar_subquery()
    .label("mentioned")
)
POSTS = sa.select(
    Post.id,
    Post.body,
    Post.timestamp,
    Post.edited,
    Post.user_id,
    User.nickname,
    User.email,
    User.avatar_seed,
    _mentioned,
).join(Post.author)

_older, _newer, _me = sa.bindparam("older"), sa.bindparam("newer"), sa.bindparam("me")
# One more than is shown tells whether there is another page.
_LIMIT = PAGE_SIZE + 1


def _within(column) -> tuple:
    return column < _older, column > _newer


def both_ways(posts: sa.Select, column=Post.id) -> dict[bool, sa.Select]:
    """Give a statement for pages read downwards from `older`, and one upwards from `newer`."""
    bounded = posts.where(*_within(column)).limit(_LIMIT)
    return {
        downwards: bounded.order_by(column.desc() if downwards else column)
        for downwards in (True, False)
    }


def _home_ids_sqlite(order) -> sa.Select:
    # SQLite walks the index (user_id, id) of each followed user and leaves it as soon
    # as the page is full of newer posts.
    followed = (
        sa.select(Post.id)
        .join(followers, followers.c.followed_id == Post.user_id)
        .where(followers.c.follower_id == _me, *_within(Post.id))
        .order_by(order(Post.id))
        .limit(_LIMIT)
        .subquery()
    )
    own = (
        sa.select(Post.id)
        .where(Post.user_id == _me, *_within(Post.id))
        .order_by(order(Post.id))
        .limit(_LIMIT)
        .subquery()
    )
    return sa.union_all(sa.select(followed.c.id), sa.select(own.c.id))


def _home_ids_postgresql(order) -> sa.Select:
    # PostgreSQL would walk all posts when the followed are silent, so it is told to
    # take the newest of each.
    whose = sa.union_all(
        sa.select(followers.c.followed_id.label("id")).where(followers.c.follower_id == _me),
        sa.select(sa.cast(_me, sa.Integer).label("id")),
    ).subquery()
    newest = (
        sa.select(Post.id)
        .where(Post.user_id == whose.c.id, *_within(Post.id))
        .order_by(order(Post.id))
        .limit(_LIMIT)
        .lateral()
    )
    return (
        sa.select(newest.c.id)
        .select_from(whose.join(newest, sa.true()))
        .order_by(order(newest.c.id))
        .limit(_LIMIT)
    )


def _tagged_ids(order) -> sa.Select:
    # Joined without a limit of its own, PostgreSQL would walk all newer posts to begin.
    return (
        sa.select(Tag.post_id)
        .where(Tag.name == sa.bindparam("tag"), *_within(Tag.post_id))
        .order_by(order(Tag.post_id))
        .limit(_LIMIT)
    )


def _home(ids) -> dict[bool, sa.Select]:
    return {
        downwards: POSTS.where(Post.id.in_(ids(order))).order_by(order(Post.id)).limit(_LIMIT)
        for downwards, order in ((True, sa.desc), (False, sa.asc))
    }


EVERYBODYS = both_ways(POSTS)
AUTHORS = both_ways(POSTS.where(Post.user_id == sa.bindparam("user_id")))
TAGGED = {
    downwards: POSTS.where(Post.id.in_(_tagged_ids(order))).order_by(order(Post.id)).limit(_LIMIT)
    for downwards, order in ((True, sa.desc), (False, sa.asc))
}
HOME = {"sqlite": _home(_home_ids_sqlite), "postgresql": _home(_home_ids_postgresql)}
ONE = POSTS.where(Post.id == sa.bindparam("post_id"))


def everybodys(bounds: Bounds = NEWEST_PAGE) -> Page:
    return page(EVERYBODYS, bounds)


def by_author(user_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    return page(AUTHORS, bounds, user_id=user_id)


def tagged(tag: str, bounds: Bounds = NEWEST_PAGE) -> Page:
    return page(TAGGED, bounds, tag=tag)


def home_of(user_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    """Give the posts of those whom a user follows, and the user's own."""
    return page(HOME[db.engine.dialect.name], bounds, me=user_id)


def one(post_id: int) -> sa.Row | None:
    return db.session.execute(ONE, {"post_id": post_id}).first()


def page(statements: dict[bool, sa.Select], bounds: Bounds, **values) -> Page:
    """Read one page with a statement for either direction."""
    downwards = bounds.newer is None
    limits = {
        "older": LARGEST_ID if bounds.older is None else bounds.older,
        "newer": 0 if bounds.newer is None else bounds.newer,
    }
    # By the connection itself: the session would look for entities to load in plain rows.
    rows = db.session.connection().execute(statements[downwards], {**limits, **values}).all()
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if not downwards:
        rows.reverse()
    # Whoever came from a page knows that it is there; otherwise one row too many tells.
    has_older = more if downwards else True
    has_newer = more if not downwards else bounds.older is not None
    if not rows:
        return Page([], None, None)
    return Page(rows, rows[-1].id if has_older else None, rows[0].id if has_newer else None)
