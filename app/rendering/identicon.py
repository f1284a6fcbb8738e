"""Identicons: a pattern for each user who has no picture."""

import hashlib

CELLS = 5


def identicon(seed: str) -> str:
    """Return the SVG of `seed`: CELLS by CELLS, mirrored like a face, in a colour of its own."""
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
