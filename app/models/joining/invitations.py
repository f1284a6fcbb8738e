"""Invitations: links that let in one newcomer each."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.moderation.actions import Suspension
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
        """Return the condition of an invitation that nobody has used, and not too old."""
        return sa.and_(
            Invitation.used.is_(None), Invitation.created > now() - INVITATION_ENDS_AFTER
        )

    @staticmethod
    def opens() -> sa.ColumnElement[bool]:
        """Return the condition of an invitation that lets somebody in under the present JOIN.

        The keeper's always do. Where newcomers ask, a member's would pass by the moderators,
        so that there only theirs do; and nobody comes back by a friend's who is suspended.
        """
        inviter = sa.table("user", sa.column("id"), sa.column("role"))
        may = {
            "open": sa.true(),
            "invite": sa.true(),
            "ask": inviter.c.role == "moderator",
            "closed": sa.false(),
        }[current_app.config["JOIN"]]
        suspended = sa.exists().where(
            Suspension.user_id == inviter.c.id,
            sa.or_(Suspension.until.is_(None), Suspension.until > now()),
        )
        by_member = sa.exists().where(inviter.c.id == Invitation.inviter_id, may, ~suspended)
        return sa.and_(Invitation.is_open(), sa.or_(Invitation.inviter_id.is_(None), by_member))

    @staticmethod
    def make(inviter_id: int | None, role: str, limited: bool = True) -> str:
        """Return the token of a new invitation, of which only a hash is kept.

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
            count = session.scalars(
                sa.select(sa.func.count())
                .select_from(Invitation)
                .where(Invitation.inviter_id == inviter_id, Invitation.is_open())
            ).one()
            if limited and inviter_id is not None and count >= MAX_OPEN_INVITATIONS:
                raise TooManyInvitations
            session.add(Invitation(token_hash=hashed(token), inviter_id=inviter_id, role=role))
        return token

    @staticmethod
    def find(token: str) -> sa.Row | None:
        """Return the `role` and the `inviter` (a nickname, None for the keeper) of the
        invitation of this token, or None when it lets nobody in."""
        inviter = sa.table("user", sa.column("id"), sa.column("nickname"))
        return db.session.execute(
            sa.select(Invitation.role, inviter.c.nickname.label("inviter"))
            .outerjoin(inviter, inviter.c.id == Invitation.inviter_id)
            .where(Invitation.token_hash == hashed(token), Invitation.opens())
        ).first()

    @staticmethod
    def redeem(session: Session, token: str) -> "Invitation | None":
        """Return the invitation, which nobody else can use from now on, or None.

        Belongs inside `writing()`, with the new user: whatever undoes the one undoes the other.
        """
        # Who invited is told, and must not leave meanwhile: with them goes this row.
        user = sa.table("user", sa.column("id"))
        inviter = sa.select(Invitation.inviter_id).where(Invitation.token_hash == hashed(token))
        session.execute(
            sa.select(user.c.id)
            .where(user.c.id == inviter.scalar_subquery())
            .with_for_update(read=True, key_share=True)
        )
        # The update is the lock: of twenty at once it changes the row for one.
        return session.scalar(
            sa.update(Invitation)
            .where(Invitation.token_hash == hashed(token), Invitation.opens())
            .values(used=now())
            .returning(Invitation)
            .execution_options(synchronize_session=False)
        )

    @staticmethod
    def withdraw(invitation_id: int, inviter_id: int) -> bool:
        """Delete an open invitation of this inviter; False when there is none of that id."""
        with writing() as session:
            gone = session.scalar(
                sa.delete(Invitation)
                .where(
                    Invitation.id == invitation_id,
                    Invitation.inviter_id == inviter_id,
                    Invitation.used.is_(None),
                )
                .returning(Invitation.id)
            )
        return gone is not None
