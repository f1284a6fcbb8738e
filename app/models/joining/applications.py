"""Applications: newcomers who ask to join, and what moderators answered."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db

MAX_WAITING = 20
MAX_WAITING_OF_ADDRESS = 3
# A waiting one ends after this time, and an answer is kept as long for its reader.
APPLICATION_ENDS_AFTER = timedelta(days=30)
MAX_REASON = 140


def _waiting_since() -> sa.BindParameter:
    # Asked each time it is sent, for some statements with it are made once.
    since = lambda: now() - APPLICATION_ENDS_AFTER  # noqa: E731
    return sa.bindparam("waiting_since", callable_=since, type_=UTCDateTime, unique=True)


class TooManyWaiting(Exception):
    """As many newcomers wait as moderators can be asked to answer; or as one address may send."""


class Application(Model):
    """A newcomer who has proved an OpenID and waits for an answer, or has got one."""

    id: Mapped[int] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(sa.String(400), unique=True)
    nickname: Mapped[str] = mapped_column(sa.String(64))
    email: Mapped[str | None] = mapped_column(sa.String(120))
    reason: Mapped[str] = mapped_column(sa.String(MAX_REASON))
    # A keyed hash of the visitor's address, which is nobody's business in clear.
    address_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    refused: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(sa.String(MAX_REASON), default="")

    @staticmethod
    def is_waiting() -> sa.ColumnElement[bool]:
        """Return the condition of an application that nobody has answered, and not too old."""
        return sa.and_(Application.refused.is_(None), Application.created > _waiting_since())

    @staticmethod
    def of(identifier: str) -> "Application | None":
        """Return the application of this claimed identifier, waiting or refused, or None."""
        return db.session.scalar(
            sa.select(Application).where(
                Application.identifier == identifier,
                sa.or_(
                    Application.is_waiting(),
                    Application.refused > now() - APPLICATION_ENDS_AFTER,
                ),
            )
        )

    @staticmethod
    def ask(identifier: str, nickname: str, email: str | None, reason: str, address: str) -> None:
        """Let a newcomer wait for an answer. `address` is a keyed hash of the visitor's.

        Raises TooManyWaiting, and IntegrityError when this identifier waits already.
        """
        with writing() as session:
            if session.get_bind().dialect.name == "postgresql":
                # Others who ask at this moment must not each find room for one more. It comes
                # first: two who had deleted already would wait for each other.
                session.execute(sa.text("LOCK TABLE application IN SHARE ROW EXCLUSIVE MODE"))
            ended = sa.func.coalesce(Application.refused, Application.created)
            session.execute(sa.delete(Application).where(ended <= now() - APPLICATION_ENDS_AFTER))
            waiting = (
                sa.select(sa.func.count()).select_from(Application).where(Application.is_waiting())
            )
            of_address = waiting.where(Application.address_hash == address)
            if (
                session.scalars(waiting).one() >= MAX_WAITING
                or session.scalars(of_address).one() >= MAX_WAITING_OF_ADDRESS
            ):
                raise TooManyWaiting
            session.add(
                Application(
                    identifier=identifier,
                    nickname=nickname,
                    email=email,
                    reason=reason,
                    address_hash=address,
                )
            )

    def still_waits(self) -> sa.ColumnElement[bool]:
        """Return the condition that nobody has answered this one meanwhile."""
        return sa.and_(Application.id == self.id, Application.is_waiting())
