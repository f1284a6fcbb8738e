"""What a supervisor or load balancer asks: whether this process lives, and whether it can serve."""

import sqlalchemy as sa
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.database import writing
from app.database.upgrade import has_every_table, is_current
from app.extensions import limiter
from app.web.origin import by_address_too

bp = Blueprint("health", __name__)
limiter.exempt(bp)


@bp.get("/healthz")
@by_address_too
def alive():
    """Say that the process answers."""
    return _word("ok")


@bp.get("/readyz")
@by_address_too
def ready():
    """Say whether the database answers, is up to date, has every table and can be written."""
    try:
        # First, for an older one may well have fewer tables.
        if not is_current():
            return _word("migration", 503)
        if not has_every_table():
            return _word("database", 503)
    except SQLAlchemyError:
        return _word("database", 503)
    try:
        with writing() as session:
            # No row, and yet what can only be read refuses it.
            session.execute(sa.text("DELETE FROM alembic_version WHERE 1 = 0"))
    except SQLAlchemyError:
        return _word("writing", 503)
    return _word("ok")


def _word(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain")
