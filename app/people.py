"""Users as pages show them: a profile in one SELECT, and lists of who follows whom."""

import sqlalchemy as sa

from app import nicknames
from app.extensions import db
from app.models import User, followers

PAGE_SIZE = 25

_reader = sa.bindparam("reader")


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
    """Give what a user's page shows to the reader of that id, or None without such a user."""
    if not nicknames.SHAPE.fullmatch(nickname):
        return None
    values = {"key": nickname.lower(), "reader": reader_id}
    return db.session.connection().execute(PROFILE, values).first()


def listed(which: str, user_id: int, after: int) -> tuple[list[sa.Row], int | None]:
    """Give a page of a user's "followers" or of those the user is "following".

    In the order in which they joined; the second value is where the next page begins.
    """
    mine, theirs = followers.c.followed_id, followers.c.follower_id
    if which == "following":
        mine, theirs = theirs, mine
    rows = db.session.execute(
        sa.select(User.id, User.nickname, User.email, User.avatar_seed, User.about_me)
        .join(followers, theirs == User.id)
        .where(mine == user_id, theirs > max(0, min(after, 2**31 - 1)))
        .order_by(theirs)
        .limit(PAGE_SIZE + 1)
    ).all()
    more = len(rows) > PAGE_SIZE
    return rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if more else None
