"""A user's OpenIDs and signed-in browsers; `endings` has what ends together."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.moderation.actions import Suspension
from app.models.names import IdentifierRefused, RefusedIdentifier
from app.models.notifications import Notification
from app.models.tokens import hashed, new_token

# Longer OpenIDs are refused: a newcomer's waits in a cookie.
MAX_IDENTIFIER = 400
MAX_BROWSER = 200  # characters
UNUSED_SIGN_IN_ENDS_AFTER = timedelta(days=30)
REMEMBERED_SIGN_IN_ENDS_AFTER = timedelta(days=365)
# How long after proving an OpenID a user may change how they get in.
MAX_PROOF_AGE = timedelta(minutes=10)

# Our own provider's, as far as it is needed here: its models stand above this module.
ACCOUNT_SIGN_IN = sa.table("account_sign_in", sa.column("id"), sa.column("account_id"))


class Suspended(Exception):
    """This user may not sign in: a suspension is in force."""


class SignInEnded(LookupError):
    """What a sign-in stands on (its OpenID, its row, the provider's sign-in) is there no more."""


class CurrentSignIn(NamedTuple):
    """What a page has to know of the SignIn of the browser that asks for it."""

    id: int
    user_id: int
    last_used: datetime
    remembered: bool
    proved: datetime
    identity_id: int | None
    # What the menu tells: notifications, and what waits for a moderator.
    unread: int = 0
    waiting: int = 0
    # Whether the user ever wrote anything.
    has_written: bool = False


def is_fresh(proved: datetime) -> bool:
    """Return whether a proof of that moment is young enough for a sensitive change."""
    return proved >= now() - MAX_PROOF_AGE


class Identity(Model):
    """An OpenID of a user; whoever proves to own it is signed in as that user."""

    id: Mapped[int] = mapped_column(primary_key=True)
    # The claimed identifier in full, with its fragment (OpenID Authentication 2.0, 11.5.1).
    identifier: Mapped[str] = mapped_column(sa.String(MAX_IDENTIFIER), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    last_used: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # None for one that was there before this was kept.
    added: Mapped[datetime | None] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def give(session: Session, identifier: str, user_id: int) -> None:
        """Let an OpenID sign this user in, as a part of what the caller changes.

        Raises IntegrityError when it has a user, and IdentifierRefused.
        """
        session.add(Identity(identifier=identifier, user_id=user_id))
        session.flush()
        if RefusedIdentifier.includes(identifier):
            raise IdentifierRefused

    @staticmethod
    def is_followed_by_another(identifier: str) -> bool:
        """Return whether its user got another OpenID since this one was last signed in with."""
        used = sa.select(Identity).where(Identity.identifier == identifier).subquery()
        other = sa.exists().where(
            Identity.user_id == used.c.user_id,
            Identity.id != used.c.id,
            Identity.added > used.c.last_used,
        )
        return bool(db.session.scalar(sa.select(other)))


class SignIn(Model):
    """One signed-in browser. Without its row its cookies are worth nothing."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    # The OpenID that was proved last in this browser, and when. None is one from before this
    # was kept: it ends whenever it might have been the one.
    identity_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("identity.id", ondelete="CASCADE"), index=True
    )
    proved: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # The sign-in at our own provider in the same browser; most often this one came from it.
    account_sign_in_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("account_sign_in.id", ondelete="SET NULL"), index=True
    )
    remembered: Mapped[bool]
    # What the browser called itself, so that its owner can tell it from others.
    browser: Mapped[str] = mapped_column(sa.String(MAX_BROWSER), default="")
    began: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_used: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def begin(
        user_id: int,
        identifier: str,
        remembered: bool = False,
        browser: str = "",
        proved: datetime | None = None,
        account_sign_in_id: int | None = None,
        replaced_id: int | None = None,
        is_known: bool = True,
    ) -> str:
        """Sign a user in with one of their OpenIDs; return the token that the browser shows.

        `proved` is when they proved it, by default now; `account_sign_in_id` is this browser's
        sign-in at our own provider, and `replaced_id` the one that it had here before. The user
        is told of it when the browser is not known.
        Raises Suspended while they are that.
        Raises SignInEnded when the OpenID is not theirs any more, or the provider's sign-in
        has ended: an answer that was kept back must not outlive what it came from.
        """
        token = new_token()
        with writing() as session:
            session.execute(sa.delete(SignIn).where(SignIn.has_ended()))
            _lock(session, user_id, account_sign_in_id)
            # Whoever suspends locks the same row, so that nothing begins unseen.
            if Suspension.of(user_id):
                raise Suspended
            identity_id = _use(session, identifier, user_id)
            if replaced_id is not None:
                session.execute(sa.delete(SignIn).where(SignIn.id == replaced_id))
            session.add(
                SignIn(
                    token_hash=hashed(token),
                    user_id=user_id,
                    identity_id=identity_id,
                    proved=proved or now(),
                    account_sign_in_id=account_sign_in_id,
                    remembered=remembered,
                    browser=browser[:MAX_BROWSER],
                )
            )
            if not is_known:
                Notification.tell(session, user_id, browser, "sign-in")
        return token

    @staticmethod
    def renew(sign_in: CurrentSignIn, identifier: str, proved: datetime) -> str:
        """Note that the user of `sign_in` proved an OpenID of theirs again; return a new token.

        The old one is worth nothing any more, wherever a copy of it may be.
        Raises SignInEnded when this sign-in has ended, or the OpenID is not theirs.
        """
        token = new_token()
        with writing() as session:
            _lock(session, sign_in.user_id)
            identity_id = _use(session, identifier, sign_in.user_id)
            renewed = session.scalar(
                sa.update(SignIn)
                .where(SignIn.id == sign_in.id)
                .values(token_hash=hashed(token), identity_id=identity_id, proved=proved)
                .returning(SignIn.id)
            )
            if renewed is None:
                raise SignInEnded
        return token

    @staticmethod
    def has_ended() -> sa.ColumnElement[bool]:
        moment = now()
        return sa.or_(
            SignIn.last_used < moment - REMEMBERED_SIGN_IN_ENDS_AFTER,
            sa.and_(
                SignIn.remembered.is_(False),
                SignIn.last_used < moment - UNUSED_SIGN_IN_ENDS_AFTER,
            ),
        )


# The condition for the sign-in of a token, with parameters_of(), unless it has ended.
IS_OF_TOKEN = sa.and_(
    SignIn.token_hash == sa.bindparam("token_hash"),
    SignIn.last_used >= sa.bindparam("remembered_since"),
    sa.or_(SignIn.remembered, SignIn.last_used >= sa.bindparam("unused_since")),
)


def parameters_of(token: str) -> dict[str, object]:
    """Return the parameters of IS_OF_TOKEN for the browser that shows `token`."""
    moment = now()
    return {
        "token_hash": hashed(token),
        "remembered_since": moment - REMEMBERED_SIGN_IN_ENDS_AFTER,
        "unused_since": moment - UNUSED_SIGN_IN_ENDS_AFTER,
    }


def _lock(session: Session, user_id: int, account_sign_in_id: int | None = None) -> None:
    # What ends sign-ins takes the same rows, in the same order, so that on PostgreSQL too
    # nothing begins on what is about to end.
    user = sa.table("user", sa.column("id"))
    rows = [sa.select(user.c.id).where(user.c.id == user_id)]
    if account_sign_in_id is not None:
        at_provider = ACCOUNT_SIGN_IN.c.id == account_sign_in_id
        rows.append(sa.select(ACCOUNT_SIGN_IN.c.id).where(at_provider))
    for row in rows:
        if session.scalar(row.with_for_update(read=True, key_share=True)) is None:
            raise SignInEnded


def _use(session: Session, identifier: str, user_id: int) -> int:
    identity_id = session.scalar(
        sa.update(Identity)
        .where(Identity.identifier == identifier, Identity.user_id == user_id)
        .values(last_used=now())
        .returning(Identity.id)
    )
    if identity_id is None:
        raise SignInEnded
    return identity_id
