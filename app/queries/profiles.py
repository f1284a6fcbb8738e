"""Users as pages show them: a profile in one SELECT, and lists of who follows or blocks whom."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import Block, Invitation, Post, User, followers, nicknames
from app.queries.pagination import Bidirectional, Bounds, Page, bidirectional, first, page_of, read
from app.queries.visibility import (
    CONDITIONS,
    READER,
    blocks,
    given,
    is_met,
    is_shown,
    suspends,
    visible,
)

# Beyond this a profile says "more than".
MAX_COUNTED_POSTS = 1000

_inviter = aliased(User)
_counted = (
    visible(sa.select(sa.literal(1).label("one")).where(Post.user_id == User.id), of_shown=True)
    .correlate(User)
    .limit(MAX_COUNTED_POSTS + 1)
    .subquery()
)


def is_followed() -> sa.Label[bool]:
    """Return whether READER follows a user, as a column of that name."""
    other = followers.alias()
    follows = sa.exists().where(other.c.follower_id == READER, other.c.followed_id == User.id)
    return follows.label("is_followed")


PROFILE = sa.select(
    User.id,
    User.nickname,
    User.email,
    User.about_me,
    User.web_address,
    User.joined,
    User.last_seen,
    User.avatar_seed,
    User.follower_count,
    User.following_count,
    is_followed(),
    sa.exists().where(blocks(READER, User.id)).label("is_blocked"),
    # That a block stands there, the reader's or the other's.
    sa.not_(is_met(User.id)).label("is_kept_apart"),
    sa.exists().where(suspends(User.id)).label("is_suspended"),
    sa.select(sa.func.count()).select_from(_counted).scalar_subquery().label("post_count"),
    # The member by whose invitation they came; a user came by one at most.
    sa.select(_inviter.nickname)
    .join(Invitation, Invitation.inviter_id == _inviter.id)
    .where(Invitation.user_id == User.id)
    .limit(1)
    .scalar_subquery()
    .label("inviter"),
).where(User.nickname_key == sa.bindparam("key"))


def profile(nickname: str, reader_id: int) -> sa.Row | None:
    """Return what the page of the user with this nickname shows to the reader, or None.

    The nickname is case-insensitive; `reader_id` is 0 for a visitor.
    """
    if not nicknames.SHAPE.fullmatch(nickname):
        return None
    values = {"key": nickname.lower(), **given(reader_id)}
    return db.session.connection().execute(PROFILE, values).first()


# What a list tells of each of them.
PEOPLE = sa.select(User.id, User.nickname, User.email, User.avatar_seed, User.about_me)


def _follow_list(mine, theirs) -> Bidirectional:
    people = PEOPLE.add_columns(is_followed())
    follows = sa.select(theirs.label("id"))
    follows = follows.where(mine == sa.bindparam("user_id"), is_shown(theirs))

    def statement(downwards: bool) -> sa.Select:
        # By the column of the index that leads from one user to the others. Joined before they are
        # few, PostgreSQL may walk all users beside them.
        page = page_of(follows, theirs, downwards).subquery()
        return first(people.join(page, page.c.id == User.id), page.c.id, downwards)

    return bidirectional(statement)


FOLLOW_LISTS = {
    "followers": _follow_list(followers.c.followed_id, followers.c.follower_id),
    "following": _follow_list(followers.c.follower_id, followers.c.followed_id),
}


def follow_list(which: str, user_id: int, reader_id: int, bounds: Bounds) -> Page:
    """Return a page of a user's "followers" or of those the user is "following".

    Those who joined the site last come first. Raises KeyError for any other list.
    """
    return read(FOLLOW_LISTS[which], bounds, user_id=user_id, **given(reader_id))


_blocked = PEOPLE.join(Block, Block.blocked_id == User.id).where(Block.blocker_id == READER)
BLOCKED = bidirectional(lambda downwards: page_of(_blocked, Block.blocked_id, downwards))


def blocked(reader_id: int, bounds: Bounds) -> Page:
    """Return a page of those whom the reader blocks; who joined the site last comes first."""
    return read(BLOCKED, bounds, reader=reader_id)


# The author of a post that READER would see, if READER did not block them.
_BEHIND_BLOCK = (
    sa.select(User.id, User.nickname)
    .join(Post, Post.user_id == User.id)
    .where(
        Post.id == sa.bindparam("post_id"),
        sa.exists().where(blocks(READER, User.id)),
        ~sa.exists().where(suspends(User.id)),
        *CONDITIONS,
    )
)


def author_behind_block(post_id: int, reader_id: int) -> sa.Row | None:
    """Return whom the reader blocks and so does not see this post of, or None."""
    values = {"post_id": post_id, **given(reader_id)}
    return db.session.connection().execute(_BEHIND_BLOCK, values).first()
