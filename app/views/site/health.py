"""What a supervisor or load balancer asks: whether this process lives, and whether it can serve."""

import ipaddress

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, request
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
    """Answer that the process runs."""
    return _word("ok")


@bp.get("/readyz")
@by_address_too
def ready():
    """Answer whether the database answers, is up to date, has every table and can be written."""
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


@bp.get("/metrics")
@by_address_too
def metrics():
    """Return what is counted here to Prometheus, if METRICS names its address."""
    if not _may_count():
        return _word("There is nothing at this address.", 404)
    text = current_app.extensions["metrics"].text()
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_count() -> bool:
    told = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    if told is request.environ and "X-Forwarded-For" in request.headers:
        # Of somebody behind a proxy that PROXY_COUNT does not know of.
        return False
    # Whoever connects has to be among them as well as who that says it is: others may say anything.
    return all(map(_is_named, (told.get("REMOTE_ADDR"), request.remote_addr)))


def _is_named(address: str | None) -> bool:
    try:
        asking = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(asking in network for network in current_app.config["METRICS"])


def _word(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain")
