"""Tokens, and keys for single purposes that follow from SECRET_KEY.

Whoever has the database has none of either.
"""

import hashlib
import hmac
import secrets

from flask import current_app


def new_token() -> str:
    """Return a token of 128 random bits, as it may stand in an address or a cookie."""
    return secrets.token_urlsafe(16)


def hashed(token: str) -> str:
    """Return what the database keeps of a secret token: a stolen copy of it opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def derived(purpose: str, text: str = "") -> bytes:
    """Return 32 bytes that nobody can tell who does not know SECRET_KEY.

    `purpose` is a constant of ours. Those of one purpose say nothing about those of another.
    """
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.digest(key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256")
