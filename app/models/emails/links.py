"""Links that are mailed, each good once and for a while: to confirm an address, or get in again."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.emails.addresses import MAX_EMAIL
from app.models.emails.confirmed import ConfirmedEmail
from app.models.tokens import hashed, new_token

CONFIRM, RECOVER = "confirm", "recover"
ENDS_AFTER = {CONFIRM: timedelta(hours=1), RECOVER: timedelta(minutes=30)}
# How long each is counted. Of one user to confirm, and as many to one address.
COUNTED_FOR = timedelta(days=1)
MAX_CONFIRMING = 10
# Of one user to get in again: the pause before the next, and the one after so many in a day. A
# pause is shorter than a link is good, or stays so for its owner, who has the link before.
RECOVERY_PAUSE = timedelta(minutes=10)
MAX_QUICK_RECOVERIES = 5
LONG_RECOVERY_PAUSE = timedelta(hours=1)

USER = sa.table("user", sa.column("id"), sa.column("email"))


class TooManyLetters(Exception):
    """So many letters in a day are enough, for this user or to this address."""


class Confirmed(NamedTuple):
    """What a link has confirmed; `before` is the address until then, or None."""

    user_id: int
    address: str
    before: str | None


class MailedLink(Model):
    """A link in a letter to a user."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    address_key: Mapped[str] = mapped_column(sa.String(MAX_EMAIL), index=True)
    address: Mapped[str] = mapped_column(sa.String(MAX_EMAIL))
    # The account at our own provider that gets a new password.
    account_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # When it was, or when a younger one took its place.
    used: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @staticmethod
    def to_confirm(user_id: int, address: str) -> str:
        """Return the token of a link that confirms `address` for a user; those before it end.

        Raises TooManyLetters.
        """
        with writing() as session:
            lock(session, user_id)
            _forget_old(session)
            for own in (MailedLink.user_id == user_id, MailedLink.address_key == address.lower()):
                counted = sa.select(sa.func.count()).where(own, MailedLink.kind == CONFIRM)
                if session.scalars(counted).one() >= MAX_CONFIRMING:
                    raise TooManyLetters
            end_confirming(session, MailedLink.user_id == user_id)
            return _add(session, CONFIRM, user_id, address)

    @staticmethod
    def to_recover(user_id: int, address: str, account_id: int | None) -> str | None:
        """Return the token of a link to a new password, or None so soon after others.

        Those before it stay good: whoever asks for many ends none of the owner's.
        """
        with writing() as session:
            lock(session, user_id)
            _forget_old(session)
            own = sa.select(MailedLink.created).where(
                MailedLink.user_id == user_id,
                MailedLink.kind == RECOVER,
                MailedLink.account_id == account_id,
            )
            times = session.scalars(own.order_by(MailedLink.created.desc())).all()
            pause = RECOVERY_PAUSE if len(times) < MAX_QUICK_RECOVERIES else LONG_RECOVERY_PAUSE
            if times and times[0] > now() - pause:
                return None
            return _add(session, RECOVER, user_id, address, account_id)

    @staticmethod
    def find(kind: str, token: str) -> "MailedLink | None":
        """Return the link of this kind and token while it is good, or None."""
        return db.session.scalar(sa.select(MailedLink).where(is_good(kind, token)))

    @staticmethod
    def waiting(user_id: int) -> str | None:
        """Return the address that a user has not confirmed yet, but may, or None."""
        good = _is_open(CONFIRM)
        own = sa.select(MailedLink.address).where(MailedLink.user_id == user_id, good)
        return db.session.scalar(own.order_by(MailedLink.id.desc()))

    @staticmethod
    def confirm(token: str) -> Confirmed | None:
        """Let the address of a link be its user's from now on; None for one that is not good."""
        with writing() as session:
            link = use(session, CONFIRM, token)
            if link is None:
                return None
            before = session.get(ConfirmedEmail, link.user_id)
            told = Confirmed(link.user_id, link.address, before.address if before else None)
            if before:
                before.address, before.confirmed = link.address, now()
            else:
                session.add(ConfirmedEmail(user_id=link.user_id, address=link.address))
            _set_email(session, link.user_id, link.address)
        return told

    @staticmethod
    def set_unconfirmed(user_id: int, address: str | None) -> str | None:
        """Let an address, or none, be a user's that nobody has confirmed; return the confirmed one
        that it takes the place of, or None."""
        with writing() as session:
            lock(session, user_id)
            before = session.get(ConfirmedEmail, user_id)
            old = before.address if before else None
            ConfirmedEmail.forget(session, user_id)
            end_confirming(session, MailedLink.user_id == user_id)
            _set_email(session, user_id, address)
        return old


def is_good(kind: str, token: str) -> sa.ColumnElement[bool]:
    """Return the condition for the link of this kind and token, unless it has ended."""
    return sa.and_(MailedLink.token_hash == hashed(token), _is_open(kind))


def use(session: Session, kind: str, token: str) -> MailedLink | None:
    """Return the link of this kind and token, which is good no more; None if it was not before.

    It locks the link's user first, as everything does that ends links.
    """
    user_id = session.scalar(sa.select(MailedLink.user_id).where(is_good(kind, token)))
    if user_id is None:
        return None
    lock(session, user_id)
    return session.scalar(
        sa.update(MailedLink)
        .where(is_good(kind, token))
        .values(used=now())
        .returning(MailedLink)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, *which: sa.ColumnElement[bool]) -> None:
    """End these links, as a part of what the caller changes."""
    session.execute(
        sa.update(MailedLink)
        .where(MailedLink.used.is_(None), *which)
        .values(used=now())
        .execution_options(synchronize_session=False)
    )


def end_confirming(session: Session, whose: sa.ColumnElement[bool]) -> None:
    """End the links that confirm addresses: somebody else may have asked for them."""
    end(session, MailedLink.kind == CONFIRM, whose)


def _is_open(kind: str) -> sa.ColumnElement[bool]:
    since = now() - ENDS_AFTER[kind]
    return sa.and_(MailedLink.kind == kind, MailedLink.used.is_(None), MailedLink.created > since)


def _add(
    session: Session, kind: str, user_id: int, address: str, account_id: int | None = None
) -> str:
    token = new_token()
    session.add(
        MailedLink(
            token_hash=hashed(token),
            kind=kind,
            user_id=user_id,
            address=address,
            address_key=address.lower(),
            account_id=account_id,
        )
    )
    return token


def _set_email(session: Session, user_id: int, address: str | None) -> None:
    session.execute(sa.update(USER).where(USER.c.id == user_id).values(email=address))


def _forget_old(session: Session) -> None:
    session.execute(sa.delete(MailedLink).where(MailedLink.created <= now() - COUNTED_FOR))


def lock(session: Session, user_id: int) -> None:
    """Let two changes at once for one user be one after the other, on PostgreSQL too."""
    session.execute(sa.select(USER.c.id).where(USER.c.id == user_id).with_for_update())
