"""An application that has every page, on a database of its own."""

from flask import Flask, abort
from psycopg.errors import DiskFull
from sqlalchemy.exc import OperationalError

from app import create_app
from app.database.upgrade import upgrade
from app.extensions import csrf, limiter
from app.tests.support.base import settings
from app.tests.support.failures import add_failing_pages


def site_of_every_page(database_url: str, **changes) -> Flask:
    """Return an application with all of these pages, on a database that is still empty."""
    values = settings(
        DATABASE_URL=database_url, TESTING=False, RATELIMIT_ENABLED="on", GRAVATAR="off"
    )
    app = create_app(**{**values, **changes})
    upgrade(app)
    limiter.reset()
    add_failing_pages(app)

    # No page of ours answers with it, and there are words for it all the same.
    @app.get("/forbidden")
    def forbidden():
        abort(403)

    @app.get("/busy")
    def be_busy():
        abort(503)

    @app.get("/full")
    def be_full():
        raise OperationalError("", {}, DiskFull())

    @app.post("/too-often")
    @csrf.exempt
    @limiter.limit("1 per day")
    def do_seldom():
        return "done"

    return app
