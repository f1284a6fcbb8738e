"""The counts that triggers keep with each user, made anew and held against what there is."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models.relationships.followers import followers
from app.models.users import User


def _count(column) -> sa.ScalarSelect:
    return sa.select(sa.func.count()).where(column == User.id).correlate(User).scalar_subquery()


COUNTS = {
    User.follower_count: _count(followers.c.followed_id),
    User.following_count: _count(followers.c.follower_id),
}


def recount(session: Session) -> None:
    """Count all anew, as after rows were copied with their counts. Belongs inside `writing()`."""
    session.execute(sa.update(User).values(COUNTS))


def miscounted() -> sa.Select:
    """Return the SELECT of how many users have a count that is not what there is."""
    wrong = (kept != counted for kept, counted in COUNTS.items())
    return sa.select(sa.func.count()).select_from(User).where(sa.or_(*wrong))
