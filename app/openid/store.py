"""Associations and nonces, kept in the database so that every process knows them.

The interface is python3-openid's `OpenIDStore`. Each method is a transaction of its
own: the library goes to the network between two of them.
"""

import hashlib
import time

import sqlalchemy as sa
from openid.association import Association as LibraryAssociation
from openid.store import nonce
from openid.store.interface import OpenIDStore
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.database import release, writing
from app.extensions import db

RELYING_PARTY, PROVIDER = "relying party", "provider"
# Seconds; a provider may promise more, but secrets are not kept for ever.
LONGEST_LIFETIME = 30 * 24 * 60 * 60


class Association(db.Model):
    """A secret shared with a provider or with a relying party (OpenID 2.0, section 8)."""

    # It is found by a digest of our role in it, the other's endpoint and the handle:
    # those two come from abroad, of any length and with any characters. The role
    # keeps a provider abroad from planting a secret that our own provider would trust.
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    endpoint_key: Mapped[str] = mapped_column(sa.String(64), index=True)
    handle: Mapped[str] = mapped_column(sa.String(255))
    secret: Mapped[bytes]
    issued: Mapped[int] = mapped_column(sa.BigInteger)
    lifetime: Mapped[int]
    assoc_type: Mapped[str] = mapped_column(sa.String(64))
    expires: Mapped[int] = mapped_column(sa.BigInteger, index=True)


class Nonce(db.Model):
    """An assertion that was accepted, so that it is not accepted again (OpenID 2.0, 11.3)."""

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    timestamp: Mapped[int] = mapped_column(sa.BigInteger, index=True)


class DatabaseStore(OpenIDStore):
    """The store of one role. After a refused nonce, `nonce_problem` says "clock" or "used"."""

    def __init__(self, role: str = RELYING_PARTY):
        self.role = role
        self.nonce_problem = None

    def storeAssociation(self, server_url, association):
        # OpenID 2.0, 8.2.1. One that breaks the rule is not kept, and the assertion
        # is then checked with the provider directly.
        if not (len(association.handle) <= 255 and _is_printable(association.handle)):
            return
        lifetime = min(association.lifetime, LONGEST_LIFETIME)
        self.cleanupAssociations()
        with writing() as session:
            session.merge(
                Association(
                    key=_digest(self.role, server_url, association.handle),
                    endpoint_key=_digest(self.role, server_url),
                    handle=association.handle,
                    secret=association.secret,
                    issued=association.issued,
                    lifetime=lifetime,
                    assoc_type=association.assoc_type,
                    expires=association.issued + lifetime,
                )
            )

    def getAssociation(self, server_url, handle=None):
        found = sa.select(Association).where(Association.expires > int(time.time()))
        if handle is None:
            found = found.where(Association.endpoint_key == _digest(self.role, server_url))
        else:
            found = found.where(Association.key == _digest(self.role, server_url, handle))
        row = db.session.scalar(found.order_by(Association.issued.desc()).limit(1))
        association = row and LibraryAssociation(
            row.handle, row.secret, row.issued, row.lifetime, row.assoc_type
        )
        release()
        return association

    def removeAssociation(self, server_url, handle):
        key = _digest(self.role, server_url, handle)
        with writing() as session:
            removed = session.execute(sa.delete(Association).where(Association.key == key))
        return removed.rowcount > 0

    def useNonce(self, server_url, timestamp, salt):
        if abs(timestamp - time.time()) > nonce.SKEW:
            self.nonce_problem = "clock"
            return False
        self.cleanupNonces()
        try:
            with writing() as session:
                key = _digest(self.role, server_url, str(timestamp), salt)
                session.add(Nonce(key=key, timestamp=timestamp))
        except IntegrityError:
            self.nonce_problem = "used"
            return False
        return True

    def cleanupNonces(self):
        return _delete(Nonce.timestamp < int(time.time()) - nonce.SKEW)

    def cleanupAssociations(self):
        return _delete(Association.expires <= int(time.time()))


def _delete(outdated: sa.ColumnElement[bool]) -> int:
    table = outdated.left.table
    # Mostly there is nothing to do, and looking takes no lock.
    if not db.session.scalar(sa.select(sa.exists().where(outdated))):
        release()
        return 0
    with writing() as session:
        return session.execute(sa.delete(table).where(outdated)).rowcount


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)
