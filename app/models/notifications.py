"""Notifications: what happened to a user, such as a moderator's decision."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model

MAX_TEXT = 500
# The oldest of a user make room for more.
MAX_NOTIFICATIONS = 100
# The menu tells no number above this one.
MAX_TOLD = 9


class Notification(Model):
    """One line for one user, read or not."""

    __table_args__ = (sa.Index(None, "user_id", "read"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    # What kind of thing happened: today "decision", of a moderator.
    kind: Mapped[str] = mapped_column(sa.String(16))
    text: Mapped[str] = mapped_column(sa.String(MAX_TEXT))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    read: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @staticmethod
    def tell(session: Session, user_id: int, text: str, kind: str = "decision") -> None:
        """Add one for this user. Belongs inside `writing()`, with what it tells of."""
        session.add(Notification(user_id=user_id, kind=kind, text=text[:MAX_TEXT]))
        session.flush()
        own = sa.select(Notification.id).where(Notification.user_id == user_id)
        kept = own.order_by(Notification.id.desc()).limit(MAX_NOTIFICATIONS)
        session.execute(
            sa.delete(Notification).where(
                Notification.user_id == user_id, Notification.id.not_in(kept)
            )
        )

    @staticmethod
    def mark_read(user_id: int, ids: list[int]) -> None:
        """Note that the user has read those of these ids that are theirs."""
        with writing() as session:
            session.execute(
                sa.update(Notification)
                .where(
                    Notification.user_id == user_id,
                    Notification.id.in_(ids),
                    Notification.read.is_(None),
                )
                .values(read=now())
            )

    @staticmethod
    def count_unread(user_id) -> sa.ScalarSelect:
        """Return the subquery of how many a user has not read, counted no further than told."""
        unread = sa.select(Notification.id).where(
            Notification.user_id == user_id, Notification.read.is_(None)
        )
        few = unread.limit(MAX_TOLD + 1).correlate_except(Notification).subquery()
        return sa.select(sa.func.count()).select_from(few).scalar_subquery()
