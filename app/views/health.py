"""What a supervisor or load balancer asks: whether this process lives, and whether it can serve."""

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.database import is_current
from app.extensions import limiter

bp = Blueprint("health", __name__)
limiter.exempt(bp)


@bp.get("/healthz")
def alive():
    """Say that the process answers."""
    return _word("ok")


@bp.get("/readyz")
def ready():
    """Say whether the database answers and stands at the newest migration."""
    try:
        return _word("ok") if is_current() else _word("migration", 503)
    except SQLAlchemyError:
        return _word("database", 503)


def _word(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain")
