"""The addresses of the picture beside a name: a Gravatar, or an identicon drawn here."""

import hashlib

from flask import current_app

# The path of views/profiles.py that serves identicons. A page of posts needs it for each author.
DRAWN = "/avatar/"


def avatar_url(email: str | None, seed: str, size: int) -> str:
    """Return the URL of an avatar `size` pixels wide.

    It is the Gravatar of `email`; without an e-mail, or with GRAVATAR off, the
    identicon of `seed`, which is random and says nothing about anybody.
    """
    if not (email and current_app.config["GRAVATAR"]):
        return drawn_avatar_url(seed)
    key = email.strip().lower()
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    # Where there is no picture, the one drawn here shows through.
    return f"https://www.gravatar.com/avatar/{digest}?d=blank&s={size}"


def drawn_avatar_url(seed: str) -> str:
    """Return the path of the identicon of `seed`, at this site."""
    return f"{DRAWN}{seed}.svg"
