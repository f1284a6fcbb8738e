"""What a supervisor or load balancer asks: whether this process lives, and whether it can serve."""

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.database import is_current
from app.extensions import limiter
from app.outages import require_every_table

bp = Blueprint("health", __name__)
limiter.exempt(bp)


@bp.get("/healthz")
def alive():
    """Say that the process answers."""
    return _word("ok")


@bp.get("/readyz")
def ready():
    """Say whether the database answers, stands at the newest migration and has every table."""
    try:
        # First, for an older one may well have fewer tables.
        if not is_current():
            return _word("migration", 503)
        require_every_table()
    except SQLAlchemyError:
        return _word("database", 503)
    return _word("ok")


def _word(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain")
