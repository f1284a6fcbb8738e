"""Conversations that somebody has stopped to hear of, or follows without a part in them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model
from app.models.notifications.turns import take_turns

# Of one user; the oldest make room for more.
MAX_CHOICES = 1000
# Who follow one conversation: as many rows each reply to it may write.
MAX_LISTENERS = 200


class TooManyListeners(Exception):
    """As many people follow this conversation as may."""


class ConversationChoice(Model):
    """A user who hears of each reply in a conversation, or of nothing in it."""

    __table_args__ = (sa.Index(None, "thread_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    # The first post of the conversation, which goes on when that is deleted.
    thread_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hears: Mapped[bool]
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def choose(user_id: int, thread_id: int, hears: bool | None) -> None:
        """Let a user hear of each reply, of none, or (None) of what concerns them.

        Raises TooManyListeners.
        """
        own = ConversationChoice.user_id == user_id
        with writing() as session:
            if not take_turns(session, user_id):
                return
            this_one = own, ConversationChoice.thread_id == thread_id
            session.execute(sa.delete(ConversationChoice).where(*this_one))
            if hears is None:
                return
            others = sa.select(sa.func.count()).where(
                ConversationChoice.thread_id == thread_id, ConversationChoice.hears
            )
            if hears and session.scalars(others).one() >= MAX_LISTENERS:
                raise TooManyListeners
            session.add(ConversationChoice(user_id=user_id, thread_id=thread_id, hears=hears))
            session.flush()
            newest = sa.select(ConversationChoice.thread_id).where(own)
            newest = newest.order_by(ConversationChoice.since.desc()).limit(MAX_CHOICES)
            surplus = ConversationChoice.thread_id.not_in(newest)
            session.execute(sa.delete(ConversationChoice).where(own, surplus))
