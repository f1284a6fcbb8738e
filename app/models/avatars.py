"""The picture beside a name: a Gravatar, or a pattern drawn here."""

import hashlib

from flask import current_app

CELLS = 5
# The path of views/profiles.py that draws them. A page of posts needs it for each author.
DRAWN = "/avatar/"


def avatar_url(email: str | None, seed: str, size: int) -> str:
    """Give the address of an avatar `size` pixels wide.

    It is the Gravatar of `email`; without an e-mail, or with GRAVATAR off, a
    pattern drawn from `seed`, which is random and says nothing about anybody.
    """
    if not (email and current_app.config["GRAVATAR"]):
        return drawn_avatar_url(seed)
    key = email.strip().lower()
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    # Where there is no picture, the one drawn here shows through.
    return f"https://www.gravatar.com/avatar/{digest}?d=blank&s={size}"


def drawn_avatar_url(seed: str) -> str:
    return f"{DRAWN}{seed}.svg"


def identicon(seed: str) -> str:
    """Give an SVG of 5 by 5 cells, mirrored like a face, in a colour of its own."""
    digest = hashlib.sha256(seed.encode()).digest()
    hue = int.from_bytes(digest[:2], "big") % 360
    squares = "".join(
        f"M{x} {y}h1v1h-1z"
        for x in range(CELLS)
        for y in range(CELLS)
        # Columns 3 and 4 repeat columns 1 and 0.
        if digest[2 + min(x, CELLS - 1 - x) * CELLS + y] & 1
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {CELLS + 2} {CELLS + 2}">'
        f'<path fill="hsl({hue} 45% 90%)" d="M-1-1h{CELLS + 2}v{CELLS + 2}h-{CELLS + 2}z"/>'
        f'<path fill="hsl({hue} 55% 40%)" d="{squares}"/></svg>'
    )
