"""Users as pages show them: a profile in one SELECT, and lists of who follows whom."""

import sqlalchemy as sa

from app.extensions import db
from app.models import User, followers, nicknames
from app.queries.pagination import Bidirectional, Bounds, Page, bidirectional, page_of, read

_reader: sa.BindParameter[int] = sa.bindparam("reader")


def _count(column, of) -> sa.ScalarSelect:
    return sa.select(sa.func.count()).where(column == of).scalar_subquery()


PROFILE = sa.select(
    User.id,
    User.nickname,
    User.email,
    User.about_me,
    User.last_seen,
    User.avatar_seed,
    _count(followers.c.followed_id, User.id).label("followers"),
    _count(followers.c.follower_id, User.id).label("following"),
    sa.exists()
    .where(followers.c.follower_id == _reader, followers.c.followed_id == User.id)
    .label("is_followed"),
).where(User.nickname_key == sa.bindparam("key"))


def profile(nickname: str, reader_id: int) -> sa.Row | None:
    """Return what the page of the user with this nickname shows to the reader, or None.

    The nickname is case-insensitive; `reader_id` is 0 for a visitor.
    """
    if not nicknames.SHAPE.fullmatch(nickname):
        return None
    values = {"key": nickname.lower(), "reader": reader_id}
    return db.session.connection().execute(PROFILE, values).first()


# What a list tells of each of them.
PEOPLE = sa.select(User.id, User.nickname, User.email, User.avatar_seed, User.about_me)


def _follow_list(mine, theirs) -> Bidirectional:
    people = PEOPLE.join(followers, theirs == User.id).where(mine == sa.bindparam("user_id"))
    # By the column of the index that leads from one user to the others.
    return bidirectional(lambda downwards: page_of(people, theirs, downwards))


FOLLOW_LISTS = {
    "followers": _follow_list(followers.c.followed_id, followers.c.follower_id),
    "following": _follow_list(followers.c.follower_id, followers.c.followed_id),
}


def follow_list(which: str, user_id: int, bounds: Bounds) -> Page:
    """Return a page of a user's "followers" or of those the user is "following".

    Those who joined the site last come first. Raises KeyError for any other list.
    """
    return read(FOLLOW_LISTS[which], bounds, user_id=user_id)
