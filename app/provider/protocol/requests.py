"""Requests of relying parties that wait at our provider for their visitors."""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.tokens import derived, hashed, new_token

REQUEST_ENDS_AFTER = timedelta(hours=1)
# Requests waiting for their visitors: of one address, and of everybody. Older ones make room.
MAX_REQUESTS_OF_ADDRESS = 36
MAX_REQUESTS = 5000


class PendingRequest(Model):
    """A relying party's request, kept here while its visitor signs in and decides."""

    __table_args__ = (sa.Index(None, "address_key", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    # Of the address that sent it, which nobody can read out of this without SECRET_KEY.
    address_key: Mapped[str] = mapped_column(sa.String(64))
    query: Mapped[str] = mapped_column(sa.Text)
    # Whether the realm says that its visitors return there; None until it was asked.
    verified: Mapped[bool | None]
    began: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    # What stands for the request in addresses; the database knows its hash alone.
    token = ""

    @property
    def message(self) -> dict[str, str]:
        """The relying party's message, as it was kept."""
        return json.loads(self.query)

    @staticmethod
    def keep(message: dict[str, str], address: str) -> str:
        """Keep a request that came from `address` and return its token."""
        token, key = new_token(), derived("visitor's address", address).hex()
        row = PendingRequest(token_hash=hashed(token), address_key=key, query=json.dumps(message))
        with writing() as session:
            session.add(row)
            session.flush()
            of_address = sa.select(PendingRequest.id).where(PendingRequest.address_key == key)
            newest = of_address.order_by(PendingRequest.id.desc()).limit(MAX_REQUESTS_OF_ADDRESS)
            for outdated in (
                PendingRequest.began < now() - REQUEST_ENDS_AFTER,
                PendingRequest.id <= row.id - MAX_REQUESTS,
                sa.and_(PendingRequest.address_key == key, PendingRequest.id.not_in(newest)),
            ):
                session.execute(sa.delete(PendingRequest).where(outdated))
        return token

    @staticmethod
    def find(token: str) -> "PendingRequest | None":
        """Return the request that `token` stands for, or None when it is answered or too old."""
        pending = db.session.scalar(
            sa.select(PendingRequest).where(
                PendingRequest.token_hash == hashed(token),
                PendingRequest.began > now() - REQUEST_ENDS_AFTER,
            )
        )
        if pending:
            pending.token = token
        return pending

    def note_verified(self, verified: bool) -> None:
        with writing():
            self.verified = verified

    def delete(self) -> None:
        """Delete the request, which is answered."""
        with writing() as session:
            session.execute(sa.delete(PendingRequest).where(PendingRequest.id == self.id))
