"""Confirmed addresses: letters to members go nowhere else."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from app.database import UTCDateTime, now
from app.extensions import Model, db
from app.mail import letters
from app.models.emails.addresses import MAX_EMAIL


class ConfirmedEmail(Model):
    """The address at which a user has shown to read mail; two users may share one."""

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    address: Mapped[str] = mapped_column(sa.String(MAX_EMAIL))
    # In lower case, as addresses are compared.
    address_key: Mapped[str] = mapped_column(sa.String(MAX_EMAIL), index=True)
    confirmed: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Whether its owner wants a letter after a sign-in from a new browser.
    tells_of_browsers: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    @validates("address")
    def _set_key(self, key: str, address: str) -> str:
        self.address_key = address.lower()
        return address

    @staticmethod
    def of(user_id: int) -> "ConfirmedEmail | None":
        """Return the confirmed address of a user, or None."""
        return db.session.get(ConfirmedEmail, user_id)

    @staticmethod
    def address_of(user_id: int) -> str | None:
        """Return the address that a user has confirmed, or None."""
        email = ConfirmedEmail.of(user_id)
        return email.address if email else None

    @staticmethod
    def forget(session: Session, user_id: int) -> None:
        """Delete that of a user, as a part of what the caller changes."""
        session.execute(sa.delete(ConfirmedEmail).where(ConfirmedEmail.user_id == user_id))


def tell(user_id: int, subject: str, text: str, headers: Mapping[str, str] | None = None) -> bool:
    """Write to the confirmed address of a user; return whether there is one.

    Belongs after the transaction of what it tells: a letter cannot be taken back.
    """
    email = ConfirmedEmail.of(user_id)
    if email:
        letters.to_member(email.address, subject, text, headers)
    return email is not None
