"""A line of the log a request, with REQUEST_LOG=on, and how long each has taken."""

import time

from flask import Flask, Response, current_app, request

from app.failures.log import cut
from app.failures.log_limit import UNLIMITED
from app.failures.redaction import OwnWord

BEGAN = "microblog.began"
MAX_PATH = 200  # bytes


def init_app(app: Flask) -> None:
    """Note when each request of `app` begins, and log it when it has ended if that is wished.

    Comes before all else that looks at requests and answers, and so sees those last.
    """
    app.before_request(_begin)
    if app.config["REQUEST_LOG"]:
        app.after_request(_log)


def seconds() -> float:
    """Return how long this request has taken until now."""
    return time.monotonic() - request.environ.get(BEGAN, time.monotonic())


def _begin() -> None:
    # Not in `g`: one request may run inside another.
    request.environ[BEGAN] = time.monotonic()


def _log(response: Response) -> Response:
    # Never the query, which may hold what signs somebody in; nor a header or a form.
    current_app.logger.info(
        "request %s %s %d in %d ms, %d bytes, %s",
        OwnWord(request.method),
        cut(request.path, MAX_PATH),
        response.status_code,
        round(1000 * seconds()),
        response.content_length or 0,
        OwnWord(request.endpoint or "no page"),
        extra=UNLIMITED,
    )
    return response
