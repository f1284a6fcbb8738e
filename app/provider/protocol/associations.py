"""Secrets that our provider shares with relying parties (OpenID 2.0, section 8), kept nowhere.

Each follows from SECRET_KEY and the association's handle, so that every process and machine
knows all of them, nobody can fill a table with them, and a stolen database holds none.
"""

import hashlib
import secrets

from itsdangerous import BadData, TimestampSigner
from openid.association import Association, getSecretSize
from openid.server import server

from app.models.tokens import derived

# In seconds: how long an answer to a stateless relying party may wait to be checked.
STATELESS_LIFETIME = 60 * 60
MAX_HANDLE = 255
KINDS = {"1": "HMAC-SHA1", "256": "HMAC-SHA256"}


class Signatory(server.Signatory):
    """Makes and finds associations; its store only has to know which answers were checked."""

    def createAssociation(self, dumb=True, assoc_type="HMAC-SHA1"):
        [kind] = [kind for kind, known in KINDS.items() if known == assoc_type]
        value = f"{kind}.{secrets.token_urlsafe(12)}"
        return self.getAssociation(_signer(dumb).sign(value).decode(), dumb)

    def getAssociation(self, assoc_handle, dumb, checkExpiration=True):
        """Return the association of a handle that this site made, or None.

        A handle of anybody else is told from ours, or of another SECRET_KEY, is not taken:
        the relying party then hears that it is no longer good, and makes another.
        """
        if len(assoc_handle) > MAX_HANDLE:
            return None
        try:
            value, issued = _signer(dumb).unsign(assoc_handle, return_timestamp=True)
        except BadData:
            return None
        assoc_type = KINDS[value.decode().partition(".")[0]]
        secret = derived(_purpose(dumb), assoc_handle)[: getSecretSize(assoc_type)]
        lifetime = STATELESS_LIFETIME if dumb else self.SECRET_LIFETIME
        association = Association(
            assoc_handle, secret, int(issued.timestamp()), lifetime, assoc_type
        )
        if checkExpiration and association.expiresIn <= 0:
            return None
        return association

    def verify(self, assoc_handle, message):
        """Return whether we signed this message for a stateless relying party; True only once."""
        association = self.getAssociation(assoc_handle, dumb=True)
        return (
            association is not None
            and super().verify(assoc_handle, message)
            # Noted only now, or else anybody could use up what they have seen of a handle.
            and self.store.use_until(association.issued + association.lifetime, assoc_handle)
        )

    def invalidate(self, assoc_handle, dumb):
        """Leave it: `verify` sees to it that a handle is good for one answer."""


def _purpose(dumb: bool) -> str:
    # Who shares a secret with us could sign with it whatever they like, so none of those
    # may ever pass for one of the other kind.
    return "openid association, " + ("stateless" if dumb else "shared")


def _signer(dumb: bool) -> TimestampSigner:
    key = derived("openid association handle")
    return TimestampSigner(
        key, salt=_purpose(dumb), key_derivation="hmac", digest_method=hashlib.sha256
    )
