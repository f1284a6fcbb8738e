"""Keys for single purposes, which follow from SECRET_KEY: whoever has the database has none."""

import hmac

from flask import current_app


def derived(purpose: str, text: str = "") -> bytes:
    """Return 32 bytes that nobody can tell who does not know SECRET_KEY.

    `purpose` is a constant of ours. Those of one purpose say nothing about those of another.
    """
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.digest(key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256")
