"""Names and OpenIDs that nobody new may take: those of people who were here."""

import hashlib
import hmac
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now
from app.extensions import Model, db

# So long a link to somebody's old name still leads to them.
OLD_NAME_LEADS_ON = timedelta(days=365)


class ReservedName(Model):
    """A nickname in lower case that is kept for its last owner: a while, or for good."""

    nickname_key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    # Who has another name now; None for somebody who left or was removed.
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # None: for good.
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RefusedIdentifier(Model):
    """An OpenID that may not come back, known by a keyed hash alone."""

    identifier_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def digest(identifier: str) -> str:
        """Return the keyed hash: without SECRET_KEY nobody can try identifiers against it."""
        key = current_app.config["SECRET_KEY"].encode()
        return hmac.new(
            key, b"refused identifier " + identifier.encode(), hashlib.sha256
        ).hexdigest()

    @staticmethod
    def includes(identifier: str) -> bool:
        """Return whether this claimed identifier may not become a user again."""
        digest = RefusedIdentifier.digest(identifier)
        return db.session.get(RefusedIdentifier, digest) is not None
