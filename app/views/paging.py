"""Which page of a list an address asks for."""

from flask import request

from app.queries.pagination import MAX_ID, Bounds


def bounds(oldest: int = 0) -> Bounds:
    """Return what `?older=ID` or `?newer=ID` asks for; nonsense asks for the newest page.

    No id is `oldest` or below.
    """
    older, newer = (_id(name, oldest) for name in ("older", "newer"))
    return Bounds(newer=newer) if newer is not None else Bounds(older=older)


def _id(name: str, oldest: int) -> int | None:
    value = request.args.get(name, type=int)
    return value if value is not None and oldest < value < MAX_ID else None
