"""Timelines: pages of posts, newest first; whose, and which.

Every page is one SELECT. It gives rows rather than entities, with what is shown of the
author and of mentions in the same row.
"""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from app.extensions import db
from app.models import User, followers
from app.models.moderation.actions import HiddenPost
from app.models.posts.post import Mention, Post, Tag
from app.queries.conversations import replies
from app.queries.pagination import (
    LIMIT,
    MIN_ID,
    NEWER,
    NEWEST_PAGE,
    OLDER,
    Bidirectional,
    Bounds,
    Page,
    bidirectional,
    first,
    page_of,
    read,
)
from app.queries.visibility import READER, given, is_met, is_shown, is_shown_of_many, visible


class PostRow(NamedTuple):
    """A post, with what is shown of its author.

    Its columns are named as a Row's are, which would take seven times as long to ask.
    """

    id: int
    body: str
    timestamp: datetime
    edited: datetime | None
    user_id: int
    nickname: str
    email: str | None
    avatar_seed: str
    # The nicknames that the post mentions, of people whom the reader meets here, in one text.
    mentioned: str | None
    # Why nobody but the author, who is reading, sees it any more; None when others do.
    hidden_reason: str | None
    # The post that this one answers, and who wrote that; no name when the reader does not see it.
    reply_to_id: int | None
    reply_to_name: str | None
    # How many replies the reader sees, and at most one more than replies.py: MAX_COUNTED.
    replies: int


_mentioned_users = sa.orm.aliased(User)
_mentioned = (
    sa.select(sa.func.aggregate_strings(_mentioned_users.nickname_key, " "))
    .select_from(Mention)
    .join(_mentioned_users, _mentioned_users.nickname_key == Mention.nickname_key)
    .where(Mention.post_id == Post.id, is_met(_mentioned_users.id))
    .correlate(Post)
    .scalar_subquery()
)
_hidden_reason = sa.select(HiddenPost.reason).where(HiddenPost.post_id == Post.id)
COLUMNS: dict[str, sa.SQLColumnExpression] = {
    "id": Post.id,
    "body": Post.body,
    "timestamp": Post.timestamp,
    "edited": Post.edited,
    "user_id": Post.user_id,
    "nickname": User.nickname,
    "email": User.email,
    "avatar_seed": User.avatar_seed,
    "mentioned": _mentioned.label("mentioned"),
    "hidden_reason": sa.case((Post.user_id == READER, _hidden_reason.scalar_subquery())),
    "reply_to_id": Post.reply_to_id,
    "reply_to_name": replies.ANSWERED_NAME.label("reply_to_name"),
    "replies": replies.COUNT.label("replies"),
}
POSTS = sa.select(*(COLUMNS[name] for name in PostRow._fields)).join(User)


def posts_of(ids: sa.SelectBase, downwards: bool) -> sa.Select:
    """Return the statement of a page of the posts with these ids, which are few."""
    return first(POSTS.where(Post.id.in_(ids)), Post.id, downwards)


def _home_ids_sqlite(downwards: bool) -> sa.CompoundSelect:
    # SQLite walks the index (user_id, id) of each followed user and leaves it as soon
    # as the page is full of newer posts.
    followed = (
        sa.select(Post.id)
        .join(followers, followers.c.followed_id == Post.user_id)
        .where(
            followers.c.follower_id == READER,
            is_shown_of_many(followers.c.followed_id),
            replies.IS_OF_HOME,
        )
    )
    own = sa.select(Post.id).where(Post.user_id == READER)
    pages = (
        page_of(visible(ids, of_shown=True), Post.id, downwards).subquery()
        for ids in (followed, own)
    )
    return sa.union_all(*(sa.select(page.c.id) for page in pages))


def _home_ids_postgresql(downwards: bool) -> sa.Select:
    # PostgreSQL would walk all posts when the followed are silent, so it is told to
    # take the newest of each.
    followed = followers.c.followed_id
    whose = sa.union_all(
        sa.select(followed.label("id")).where(
            followers.c.follower_id == READER, is_shown_of_many(followed)
        ),
        sa.select(READER.label("id")),
    ).cte("whose")

    def newest(*conditions: sa.ColumnElement[bool], older=OLDER, newer=NEWER) -> sa.Select:
        # In this order no other index has them: it would rather walk all posts by id when it
        # takes them for few authors'.
        key, author = sa.tuple_(Post.user_id, Post.id), whose.c.id
        of_each = sa.select(Post.id).where(
            key < sa.tuple_(author, older), key > sa.tuple_(author, newer), *conditions
        )
        order = (one.desc() if downwards else one.asc() for one in (Post.user_id, Post.id))
        found = visible(of_each, of_shown=True).order_by(*order).limit(LIMIT).lateral()
        rows = sa.select(found.c.id).select_from(whose.join(found, sa.true()))
        return first(rows, found.c.id, downwards)

    # Whom a reply answers has to be looked up, so it is asked of none behind a page of the others.
    roots = newest(Post.reply_to_id.is_(None)).cte("roots")
    is_full = sa.func.count() == LIMIT
    last, beyond = (sa.func.min, NEWER) if downwards else (sa.func.max, OLDER)
    end = sa.select(sa.case((is_full, last(roots.c.id)), else_=beyond).label("id")).cte("end")
    end_id = sa.select(end.c.id).scalar_subquery()
    others = newest(
        Post.reply_to_id.is_not(None),
        sa.or_(whose.c.id == READER, replies.IS_OF_HOME),
        **({"newer": end_id} if downwards else {"older": end_id}),
    ).subquery()
    both = sa.union_all(sa.select(roots.c.id), sa.select(others.c.id)).subquery()
    return first(sa.select(both.c.id), both.c.id, downwards)


def _tagged_ids(downwards: bool) -> sa.Select:
    # Joined without a limit of its own, PostgreSQL would walk all newer posts to begin.
    tagged = sa.select(Tag.post_id).where(Tag.name == sa.bindparam("tag"))
    return page_of(visible(tagged, Tag.post_id), Tag.post_id, downwards)


def _pages(posts: sa.Select) -> Bidirectional:
    return bidirectional(lambda downwards: page_of(posts, Post.id, downwards))


_author = sa.bindparam("user_id", type_=sa.Integer)
PUBLIC = _pages(visible(POSTS))
_of_author = visible(POSTS.where(Post.user_id == _author, is_shown(_author)), of_shown=True)
BY_AUTHOR = _pages(_of_author)
# Said so that SQLite does not walk everybody's, by the index of what each post answers.
_is_root = sa.not_(Post.reply_to_id.is_not(None).self_group())
ROOTS_BY_AUTHOR = _pages(_of_author.where(_is_root))
BY_TAG = bidirectional(lambda downwards: posts_of(_tagged_ids(downwards), downwards))
HOME = {
    "sqlite": bidirectional(lambda downwards: posts_of(_home_ids_sqlite(downwards), downwards)),
    "postgresql": bidirectional(
        lambda downwards: posts_of(_home_ids_postgresql(downwards), downwards)
    ),
}
ONE = visible(POSTS.where(Post.id == sa.bindparam("post_id")))


def public(reader_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    """Return a page of everybody's posts, as the reader with this id (0: a visitor) sees them."""
    return read(PUBLIC, bounds, PostRow._make, **given(reader_id))


def by_author(
    user_id: int,
    reader_id: int,
    bounds: Bounds = NEWEST_PAGE,
    oldest: int = MIN_ID,
    with_replies: bool = True,
) -> Page:
    """Return a page of the posts of one user with ids above `oldest`, as the reader sees them.

    Those that were brought along come last; with 0 they are left out.
    """
    values = {**given(reader_id), "user_id": user_id}
    statements = BY_AUTHOR if with_replies else ROOTS_BY_AUTHOR
    return read(statements, bounds, PostRow._make, oldest, **values)


def by_tag(tag: str, reader_id: int, bounds: Bounds = NEWEST_PAGE, oldest: int = MIN_ID) -> Page:
    """Return a page of the posts that carry a tag, by its key, as `by_author` does."""
    return read(BY_TAG, bounds, PostRow._make, oldest, **given(reader_id), tag=tag)


def home(reader_id: int, bounds: Bounds = NEWEST_PAGE) -> Page:
    """Return a page of the posts of those whom the reader follows, and the reader's own.

    Of those followed, without replies to people whom the reader does not follow.
    """
    return read(HOME[db.engine.dialect.name], bounds, PostRow._make, **given(reader_id))


def find(post_id: int, reader_id: int) -> PostRow | None:
    """Return the post with this id, or None when there is none that the reader may see."""
    if post_id < MIN_ID:
        # No database holds such a number.
        return None
    values = {"post_id": post_id, **given(reader_id)}
    row = db.session.connection().execute(ONE, values).first()
    return None if row is None else PostRow._make(row)
