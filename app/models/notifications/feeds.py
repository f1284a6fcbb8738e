"""Private feeds: an address with a token, at which feed readers get what only one user reads."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.moderation.actions import Suspension
from app.models.notifications.turns import take_turns
from app.models.tokens import hashed, new_token

_user = sa.table("user", sa.column("id"), sa.column("nickname"))


class PrivateFeed(Model):
    """The token of a user's feeds, of which only a hash is kept."""

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def renew(user_id: int) -> str:
        """Return a new token for the feeds of this user; one from before opens nothing any more."""
        token = new_token()
        with writing() as session:
            # Whoever is being suspended gets none that opens anything.
            take_turns(session, user_id)
            PrivateFeed.end(session, user_id)
            if Suspension.of(user_id) is None:
                session.add(PrivateFeed(user_id=user_id, token_hash=hashed(token)))
        return token

    @staticmethod
    def end(session: Session, user_id: int) -> None:
        """Let the token of this user open nothing any more. Belongs inside `writing()`."""
        session.execute(sa.delete(PrivateFeed).where(PrivateFeed.user_id == user_id))

    @staticmethod
    def is_of(user_id: int) -> bool:
        """Return whether this user has private feeds."""
        return db.session.get(PrivateFeed, user_id) is not None

    @staticmethod
    def reader(token: str) -> sa.Row | None:
        """Return the `id` and the `nickname` of the user whose feeds this token opens, or None."""
        suspended = sa.exists().where(
            Suspension.user_id == PrivateFeed.user_id, Suspension.is_in_force()
        )
        return db.session.execute(
            sa.select(_user.c.id, _user.c.nickname)
            .join(PrivateFeed, PrivateFeed.user_id == _user.c.id)
            .where(PrivateFeed.token_hash == hashed(token), ~suspended)
        ).first()
