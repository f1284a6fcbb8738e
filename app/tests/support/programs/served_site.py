"""The site on a socket, within the tests' own process: what other browsers visit."""

import threading
from collections.abc import Callable

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app, db
from app.database.upgrade import upgrade
from app.extensions import limiter
from app.tests.support.base import settings
from app.tests.support.programs.processes import fresh_database


class _Quiet(WSGIRequestHandler):
    def log(self, *_):
        """Keep the requests out of the tests' output."""


class ServedSite:
    """An application on a socket of its own, until `case` (a class of tests) is done.

    `make` is given the database's address and the settings, and gives the application.
    """

    def __init__(self, case: type, make: Callable = None, host: str = "127.0.0.1", **changes):
        server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.origin = f"http://{host}:{server.port}"
        self.app = (make or _empty_site)(fresh_database(case), SITE_URL=self.origin, **changes)
        # Of each: its method, its path, and whether the browser sent cookies with it.
        self.requests: list[tuple[str, str, bool]] = []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        case.addClassCleanup(self._dispose)
        case.addClassCleanup(thread.join, 10)
        case.addClassCleanup(server.server_close)
        case.addClassCleanup(server.shutdown)

    def _answer(self, environ: dict, start_response):
        self.requests.append(
            (environ["REQUEST_METHOD"], environ["PATH_INFO"], "HTTP_COOKIE" in environ)
        )
        return self.app(environ, start_response)

    def _dispose(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


def _empty_site(database_url: str, **changes) -> Flask:
    values = settings(DATABASE_URL=database_url, TESTING=False, GRAVATAR="off")
    app = create_app(**{**values, **changes})
    limiter.enabled = False
    upgrade(app)
    return app
