"""Nonces, kept in the database so that every process knows them.

The interface is python3-openid's `OpenIDStore`. Each method is a transaction of its
own: the library goes to the network between two of them.
"""

import hashlib
import time

import sqlalchemy as sa
from openid.store import nonce
from openid.store.interface import OpenIDStore
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.database import end_transaction, writing
from app.extensions import Model, db

RELYING_PARTY, PROVIDER = "relying party", "provider"


class Nonce(Model):
    """What was accepted once, so that it is not accepted again.

    As a relying party that is an assertion (OpenID 2.0, 11.3); at our provider the handle
    of one that a stateless relying party had checked (11.4.2).
    """

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    timestamp: Mapped[int] = mapped_column(sa.BigInteger, index=True)


class DatabaseStore(OpenIDStore):
    """The store of one role. After a refused nonce, `nonce_problem` says "clock" or "used".

    It holds no association: the provider's own follow from its key, see
    `app.provider.protocol.associations`, and as a relying party this site has none.
    """

    def __init__(self, role: str = RELYING_PARTY):
        self.role = role
        self.nonce_problem: str | None = None

    def storeAssociation(self, server_url, association):
        """Keep nothing: what nobody keeps, nobody can steal."""

    def getAssociation(self, server_url, handle=None):
        return None

    def removeAssociation(self, server_url, handle):
        return False

    def useNonce(self, server_url, timestamp, salt):
        """Return whether the library may take this nonce, which from now on is used."""
        if abs(timestamp - time.time()) > nonce.SKEW:
            self.nonce_problem = "clock"
            return False
        return self._use(timestamp, server_url, str(timestamp), salt)

    def use_until(self, end: int, text: str) -> bool:
        """Return whether `text` was not used before; now it is, until `end` in epoch seconds."""
        return self._use(end - nonce.SKEW, text)

    def _use(self, timestamp: int, *parts: str) -> bool:
        self.cleanupNonces()
        try:
            with writing() as session:
                session.add(Nonce(key=_digest(self.role, *parts), timestamp=timestamp))
        except IntegrityError:
            self.nonce_problem = "used"
            return False
        return True

    def cleanupNonces(self) -> int:
        """Delete the nonces that have expired, and return how many those were."""
        outdated = Nonce.timestamp < int(time.time()) - nonce.SKEW
        # Mostly there is nothing to do, and looking takes no lock.
        if not db.session.scalar(sa.select(sa.exists().where(outdated))):
            end_transaction()
            return 0
        with writing() as session:
            gone = session.execute(sa.delete(Nonce).where(outdated).returning(Nonce.key))
            return len(gone.all())

    def cleanupAssociations(self):
        return 0


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
