"""Pages of posts, newest first: whose, and which.

Every page is one SELECT. It gives rows rather than entities, with what is shown of the
author and of mentions in the same row.
"""

import sqlalchemy as sa

from app.extensions import db
from app.models import User, followers
from app.posts import Mention, Post, Tag
from app.queries import pagination
from app.queries.pagination import LIMIT, NEWEST_PAGE, Bounds, Page, both_ways, within

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

_me: sa.BindParameter[int] = sa.bindparam("me")


def _home_ids_sqlite(order) -> sa.SelectBase:
    # SQLite walks the index (user_id, id) of each followed user and leaves it as soon
    # as the page is full of newer posts.
    followed = (
        sa.select(Post.id)
        .join(followers, followers.c.followed_id == Post.user_id)
        .where(followers.c.follower_id == _me, *within(Post.id))
        .order_by(order(Post.id))
        .limit(LIMIT)
        .subquery()
    )
    own = (
        sa.select(Post.id)
        .where(Post.user_id == _me, *within(Post.id))
        .order_by(order(Post.id))
        .limit(LIMIT)
        .subquery()
    )
    return sa.union_all(sa.select(followed.c.id), sa.select(own.c.id))


def _home_ids_postgresql(order) -> sa.SelectBase:
    # PostgreSQL would walk all posts when the followed are silent, so it is told to
    # take the newest of each.
    whose = sa.union_all(
        sa.select(followers.c.followed_id.label("id")).where(followers.c.follower_id == _me),
        sa.select(sa.cast(_me, sa.Integer).label("id")),
    ).subquery()
    newest = (
        sa.select(Post.id)
        .where(Post.user_id == whose.c.id, *within(Post.id))
        .order_by(order(Post.id))
        .limit(LIMIT)
        .lateral()
    )
    return (
        sa.select(newest.c.id)
        .select_from(whose.join(newest, sa.true()))
        .order_by(order(newest.c.id))
        .limit(LIMIT)
    )


def _tagged_ids(order) -> sa.Select:
    # Joined without a limit of its own, PostgreSQL would walk all newer posts to begin.
    return (
        sa.select(Tag.post_id)
        .where(Tag.name == sa.bindparam("tag"), *within(Tag.post_id))
        .order_by(order(Tag.post_id))
        .limit(LIMIT)
    )


def _home(ids) -> dict[bool, sa.Select]:
    return {
        downwards: POSTS.where(Post.id.in_(ids(order))).order_by(order(Post.id)).limit(LIMIT)
        for downwards, order in ((True, sa.desc), (False, sa.asc))
    }


EVERYBODYS = both_ways(POSTS, Post.id)
AUTHORS = both_ways(POSTS.where(Post.user_id == sa.bindparam("user_id")), Post.id)
TAGGED = {
    downwards: POSTS.where(Post.id.in_(_tagged_ids(order))).order_by(order(Post.id)).limit(LIMIT)
    for downwards, order in ((True, sa.desc), (False, sa.asc))
}
HOME = {"sqlite": _home(_home_ids_sqlite), "postgresql": _home(_home_ids_postgresql)}
ONE = POSTS.where(Post.id == sa.bindparam("post_id"))


def everybodys(bounds: Bounds = NEWEST_PAGE) -> Page:
    return pagination.read(EVERYBODYS, bounds)


def by_author(user_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    return pagination.read(AUTHORS, bounds, user_id=user_id)


def tagged(tag: str, bounds: Bounds = NEWEST_PAGE) -> Page:
    return pagination.read(TAGGED, bounds, tag=tag)


def home_of(user_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    """Give the posts of those whom a user follows, and the user's own."""
    return pagination.read(HOME[db.engine.dialect.name], bounds, me=user_id)


def one(post_id: int) -> sa.Row | None:
    return db.session.execute(ONE, {"post_id": post_id}).first()
