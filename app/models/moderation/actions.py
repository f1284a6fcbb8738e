"""What moderators do, each deed with a reason: hidden posts, suspensions, the log, appeals."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.posts.post import BIG_ID

MAX_REASON = 140
MAX_APPEAL = 500
# Who is suspended for good is deleted, with all data, after this time.
GRACE = timedelta(days=30)


def current_moment() -> sa.BindParameter:
    """Return the present moment for a condition; statements may be made once with it."""
    return sa.bindparam("moment", callable_=now, type_=UTCDateTime, unique=True)


class HiddenPost(Model):
    """A post that only its author still sees, with the reason."""

    post_id: Mapped[int] = mapped_column(
        BIG_ID, sa.ForeignKey("post.id", ondelete="CASCADE"), primary_key=True
    )
    reason: Mapped[str] = mapped_column(sa.String(MAX_REASON))
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class Suspension(Model):
    """A user who cannot sign in, and whose posts nobody sees, until a moment or for good."""

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    reason: Mapped[str] = mapped_column(sa.String(MAX_REASON))
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # None: for good.
    until: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    # The one answer that somebody suspended may give, and whether it was dealt with.
    appeal: Mapped[str | None] = mapped_column(sa.String(MAX_APPEAL))
    appealed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    appeal_closed: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @staticmethod
    def of(user_id: int) -> "Suspension | None":
        """Return the suspension that is in force for this user, or None."""
        return db.session.scalar(
            sa.select(Suspension).where(Suspension.user_id == user_id, Suspension.is_in_force())
        )

    @staticmethod
    def is_in_force() -> sa.ColumnElement[bool]:
        """Return the condition of one that has no end, or has not come to it."""
        return sa.or_(Suspension.until.is_(None), Suspension.until > current_moment())

    @staticmethod
    def has_open_appeal() -> sa.ColumnElement[bool]:
        """Return the condition of one in force, to whose answer nobody has said anything."""
        return sa.and_(
            Suspension.appealed.is_not(None),
            Suspension.appeal_closed.is_(None),
            Suspension.is_in_force(),
        )

    @staticmethod
    def answer(user_id: int, text: str) -> bool:
        """Keep the one answer to a suspension; False when it is over, or there is one already."""
        with writing() as session:
            kept = session.scalar(
                sa.update(Suspension)
                .where(
                    Suspension.user_id == user_id,
                    Suspension.appealed.is_(None),
                    Suspension.is_in_force(),
                )
                .values(appeal=text, appealed=now())
                .returning(Suspension.user_id)
            )
        return kept is not None


class Action(Model):
    """One deed of a moderator, as the public log tells it; never changed but for `lifted`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    # dismiss, hide, delete, warn, suspend, lift, uphold (after an appeal), approve or refuse.
    kind: Mapped[str] = mapped_column(sa.String(16))
    moderator_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    # As it was then, so that the log stays readable when a moderator leaves.
    moderator_name: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(BIG_ID)
    reason: Mapped[str] = mapped_column(sa.String(MAX_REASON))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted: Mapped[datetime | None] = mapped_column(UTCDateTime)
