"""Notifications: what happened to a user, such as a moderator's decision."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now
from app.extensions import Model

MAX_TEXT = 500


class Notification(Model):
    """One line for one user, read or not."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    # What kind of thing happened: today "decision", of a moderator.
    kind: Mapped[str] = mapped_column(sa.String(16))
    text: Mapped[str] = mapped_column(sa.String(MAX_TEXT))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    read: Mapped[datetime | None] = mapped_column(UTCDateTime)
