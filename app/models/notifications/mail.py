"""Letters about notifications: who asked for them, and which are on their way.

A letter is claimed before it is sent, in a transaction of its own: of several who send, one
has it, and one whose process ended on the way is not sent again.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, end_transaction, now, writing
from app.extensions import Model, db
from app.models.notifications.notification import Notification
from app.models.notifications.turns import take_turns
from app.models.tokens import derived

# Letters to one user within a day, by when they want them.
MAX_LETTERS = {"at once": 10, "daily": 1}
DAY = timedelta(days=1)
# The kinds that have letters of their own, at once and to whoever has a confirmed address.
WITH_OWN_LETTERS = {"openid", "sign-in"}
# Users who are looked for at once.
CHUNK = 100


class MailChoice(Model):
    """A user who wants letters, and when; without one there are none."""

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    # One of MAX_LETTERS.
    pace: Mapped[str] = mapped_column(sa.String(16))
    # What happened before is not written about.
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def of(user_id: int) -> str | None:
        """Return when this user wants letters, or None for never."""
        return db.session.scalar(sa.select(MailChoice.pace).where(MailChoice.user_id == user_id))

    @staticmethod
    def choose(user_id: int, pace: str | None) -> None:
        """Write letters to this user at that pace from now on, or none."""
        with writing() as session:
            if not take_turns(session, user_id):
                return
            choice = session.get(MailChoice, user_id)
            if choice and pace:
                choice.pace = pace
            elif choice:
                session.delete(choice)
            elif pace:
                session.add(MailChoice(user_id=user_id, pace=pace))


class Letter(Model):
    """A letter that was claimed within the last day."""

    __tablename__ = "notification_letter"
    # No number comes back, for notifications keep theirs.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    claimed: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


def _unsent(user_id) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Notification.user_id == user_id,
        Notification.is_unread(),
        Notification.letter_id.is_(None),
        Notification.kind.not_in(WITH_OWN_LETTERS),
    )


def waiting() -> Iterator[int]:
    """Yield the ids of the users about whom there is something to write; no transaction stays."""
    last = 0
    while True:
        new = sa.exists().where(
            *_unsent(MailChoice.user_id), Notification.created >= MailChoice.since
        )
        rows = sa.select(MailChoice.user_id).where(MailChoice.user_id > last, new)
        found = db.session.scalars(rows.order_by(MailChoice.user_id).limit(CHUNK)).all()
        end_transaction()
        yield from found
        if len(found) < CHUNK:
            return
        last = found[-1]


def claim(user_id: int) -> int | None:
    """Return the id of a letter about what is new to this user, which nobody else will send.

    None means that there is nothing to write, that enough was written today, or that somebody
    else is about to.
    """
    with writing() as session:
        choice = session.scalar(
            sa.select(MailChoice)
            .where(MailChoice.user_id == user_id)
            .with_for_update(skip_locked=True)
        )
        if choice is None:
            return None
        own = Letter.user_id == user_id
        session.execute(sa.delete(Letter).where(own, Letter.claimed <= now() - DAY))
        written = sa.select(sa.func.count()).select_from(Letter).where(own)
        if session.scalars(written).one() >= MAX_LETTERS[choice.pace]:
            return None
        # Those that are being deleted or read just now are left out.
        rows = sa.select(Notification.id).where(
            *_unsent(user_id), Notification.created >= choice.since
        )
        new = session.scalars(rows.with_for_update(skip_locked=True)).all()
        if not new:
            return None
        letter = Letter(user_id=user_id)
        session.add(letter)
        session.flush()
        session.execute(
            sa.update(Notification).where(Notification.id.in_(new)).values(letter_id=letter.id)
        )
        return letter.id


def give_back(letter_id: int) -> None:
    """Undo a claim: the letter was not sent for certain."""
    with writing() as session:
        session.execute(
            sa.update(Notification)
            .where(Notification.letter_id == letter_id)
            .values(letter_id=None)
        )
        session.execute(sa.delete(Letter).where(Letter.id == letter_id))


def unsubscribing_token(user_id: int) -> str:
    """Return what ends the letters to this user, for whoever gets them; it is kept nowhere."""
    return f"{user_id}-{_proof(str(user_id))}"


def unsubscribing_user(token: str) -> int | None:
    """Return whose letters this token ends, or None."""
    user_id, _, proof = token.partition("-")
    if not hmac.compare_digest(proof.encode(), _proof(user_id).encode()):
        return None
    return int(user_id)


def _proof(user_id: str) -> str:
    return derived("end letters", user_id).hex()[:32]
