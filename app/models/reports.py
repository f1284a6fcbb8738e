"""Reports: what members tell moderators of a post or a profile, as it was when they told it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now
from app.extensions import Model
from app.models.posts import BIG_ID

MAX_SENTENCE = 140
CHOICES = {
    "abuse": "It attacks somebody",
    "spam": "It is advertising or spam",
    "illegal": "It is against the law",
    "private": "It tells what is private",
    "other": "Something else",
}


class Report(Model):
    """One member's report of one thing, kept with what the thing said then."""

    __table_args__ = (sa.UniqueConstraint("reporter_id", "thing"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reporter_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    # "post 12" or "user 3": what a member can report once.
    thing: Mapped[str] = mapped_column(sa.String(32), index=True)
    # Whom it is about; the post may be gone meanwhile.
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(BIG_ID)
    body: Mapped[str] = mapped_column(sa.String(300))
    choice: Mapped[str] = mapped_column(sa.String(16))
    sentence: Mapped[str] = mapped_column(sa.String(MAX_SENTENCE))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    closed: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    # The kind of the action that closed it.
    outcome: Mapped[str | None] = mapped_column(sa.String(16))
