"""Blocks: two people who do not meet here, because one of them wants it so."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now
from app.extensions import Model, db


class Block(Model):
    """One user blocks another; neither meets the other until it is undone."""

    __table_args__ = (sa.Index(None, "blocked_id", "blocker_id"),)

    blocker_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def stands_between(one_id: int, other_id: int) -> bool:
        """Return whether one of the two blocks the other."""
        found = sa.exists().where(
            sa.or_(
                sa.and_(Block.blocker_id == one_id, Block.blocked_id == other_id),
                sa.and_(Block.blocker_id == other_id, Block.blocked_id == one_id),
            )
        )
        return bool(db.session.scalar(sa.select(found)))
