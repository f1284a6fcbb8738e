"""Notifications of a user, the newest first."""

import sqlalchemy as sa

from app.models import Notification
from app.queries.pagination import Bounds, Page, bidirectional, page_of, read

_own = sa.select(Notification.id, Notification.text, Notification.created, Notification.read).where(
    Notification.user_id == sa.bindparam("user_id")
)
OWN = bidirectional(lambda downwards: page_of(_own, Notification.id, downwards))


def of_user(user_id: int, bounds: Bounds) -> Page:
    """Return a page of what happened to this user."""
    return read(OWN, bounds, user_id=user_id)
