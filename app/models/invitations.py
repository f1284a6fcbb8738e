"""Invitations: links that let in one newcomer each."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.tokens import hashed, new_token

MAX_OPEN_INVITATIONS = 5
INVITATION_ENDS_AFTER = timedelta(days=14)


class TooManyInvitations(Exception):
    """A member has as many open invitations as one may have."""


class Invitation(Model):
    """A link that one newcomer can use, once and for fourteen days."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    # Null when the keeper of the machine made it by a command.
    inviter_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    # What whoever comes by it will be: the keeper's command can make a moderator.
    role: Mapped[str] = mapped_column(sa.String(16))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    used: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Who came by it.
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    @staticmethod
    def is_open() -> sa.ColumnElement[bool]:
        """Return the condition of an invitation that can still be used."""
        return sa.and_(
            Invitation.used.is_(None), Invitation.created > now() - INVITATION_ENDS_AFTER
        )

    @staticmethod
    def make(inviter_id: int | None, role: str, limited: bool = True) -> str:
        """Return the token of a new invitation.

        Raises TooManyInvitations when a `limited` inviter has five open ones already.
        """
        token = new_token()
        with writing() as session:
            if inviter_id is not None:
                # Two tabs at once must not each find room for one more.
                user = sa.table("user", sa.column("id"))
                session.execute(
                    sa.select(user.c.id).where(user.c.id == inviter_id).with_for_update()
                )
            outdated = Invitation.created <= now() - INVITATION_ENDS_AFTER
            session.execute(sa.delete(Invitation).where(Invitation.used.is_(None), outdated))
            count = session.scalar(
                sa.select(sa.func.count())
                .select_from(Invitation)
                .where(Invitation.inviter_id == inviter_id, Invitation.is_open())
            )
            if limited and inviter_id is not None and count >= MAX_OPEN_INVITATIONS:
                raise TooManyInvitations
            session.add(Invitation(token_hash=hashed(token), inviter_id=inviter_id, role=role))
        return token

    @staticmethod
    def find(token: str) -> "Invitation | None":
        """Return the open invitation of this token, or None."""
        return db.session.scalar(
            sa.select(Invitation).where(
                Invitation.token_hash == hashed(token), Invitation.is_open()
            )
        )

    @staticmethod
    def redeem(token: str) -> "Invitation | None":
        """Return the invitation, which nobody else can use from now on, or None.

        Belongs inside `writing()`, with the new user: whatever undoes the one undoes the other.
        """
        # The update is the lock: of twenty at once it changes the row for one.
        return db.session.scalar(
            sa.update(Invitation)
            .where(Invitation.token_hash == hashed(token), Invitation.is_open())
            .values(used=now())
            .returning(Invitation)
        )

    @staticmethod
    def withdraw(invitation_id: int, inviter_id: int) -> bool:
        """Delete an open invitation of this inviter; False when there is none of that id."""
        with writing() as session:
            gone = session.execute(
                sa.delete(Invitation).where(
                    Invitation.id == invitation_id,
                    Invitation.inviter_id == inviter_id,
                    Invitation.used.is_(None),
                )
            )
        return gone.rowcount == 1
