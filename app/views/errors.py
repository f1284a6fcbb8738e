"""What a visitor reads when something is not as it should be."""

import math
import re
import time
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
    TooManyRequests,
)

from app.database.outages import is_silence, is_unwritable
from app.extensions import db, limiter
from app.failures import handlers
from app.failures.redaction import OwnWord
from app.forms import typed
from app.queries.search import terms as search_terms
from app.web import origin
from app.web.keys import other_keys

# Heading and sentence of each status; others get the words of 400.
WORDS = {
    400: (
        "That did not work",
        "Your browser sent something this site does not understand. Please go back and try again.",
    ),
    403: ("Not yours to change", "You may look at this, but only its owner can change it."),
    404: (
        "File Not Found",
        "There is no such page. It may have been moved, deleted or misspelt.",
    ),
    405: (
        "Not this way",
        "This address cannot be opened like that. Please go back and use what the page offers.",
    ),
    410: (
        "This sign-in has ended",
        "It was finished, cancelled or left open for too long. Please begin again at the site "
        "where you want to sign in.",
    ),
    413: (
        "Too long",
        "What you sent is longer than this site can take, so nothing of it was kept. Please go "
        "back, where it should still be, and make it shorter.",
    ),
    414: ("Too long", "This address is longer than any page of this site has."),
    431: (
        "Too much",
        "Your browser sent more along than this site can take. Please delete its cookies of "
        "this site and try again.",
    ),
}
# When to come back, unless the error says it: as after no connection to the database in time.
BUSY_SECONDS = 5
# And when nothing can be saved, until somebody has made room.
UNWRITABLE_SECONDS = 60


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(CSRFError, form_expired)
    app.register_error_handler(origin.ForeignHost, foreign_host)
    app.register_error_handler(TooManyRequests, too_many)
    app.register_error_handler(ServiceUnavailable, busy)
    app.register_error_handler(NoConnection, busy)
    app.register_error_handler(InternalServerError, internal_error)


def http_error(error: HTTPException):
    """Show what an error of the visitor's means, in the site's look."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    heading, text = WORDS.get(error.code, WORDS[400])
    sought = _sought() if error.code == 404 else None
    page = render_template("errors/error.html", heading=heading, text=text, sought=sought)
    return page, error.code


def form_expired(error: CSRFError):
    """Show that a form has expired, with what was typed ready to be sent again."""
    other_keys.tell_of_another()
    return render_template("errors/expired.html", **_sent()), 400


def _sent() -> dict[str, Any]:
    # A form of another site has nothing of ours to lose, and gets neither a cookie
    # nor a page on which one click would send what that site wrote. Our own pages carry
    # messages of other sites on, and those begin so.
    foreign = any(name.startswith("openid.") for name in request.values)
    sent = request.form if origin.is_same_origin() and not foreign else {}
    return {
        "sent": sent,
        "typed": typed.shown(sent),
        "can_be_sent_again": bool(sent) and not typed.holds_password(sent),
    }


def foreign_host(error: origin.ForeignHost):
    """Show that this address is not the site's; builds no link, for it has no address here."""
    return render_template("errors/foreign_host.html"), 400


def too_many(error: TooManyRequests):
    """Show when to come back."""
    if isinstance(error, RateLimitExceeded):
        limit, text = str(error.limit.limit), "That was more often than this site allows."
        seconds = _seconds_until_reset()
    else:
        limit, text, seconds = type(error).__name__, error.description, _seconds_of(error)
    current_app.logger.info("limit hit: %s at %s", OwnWord(limit), OwnWord(request.endpoint))
    return _later("errors/too_many.html", 429, seconds, text=text, **_sent())


def busy(error: ServiceUnavailable | NoConnection):
    """Show that too many want the same at this moment; needs no user, session or database."""
    text, seconds = "Many people are here at this moment.", BUSY_SECONDS
    if isinstance(error, ServiceUnavailable):
        text, seconds = error.description, _seconds_of(error)
    current_app.logger.warning("busy at %s: %s", OwnWord(request.endpoint), type(error).__name__)
    _undo()
    return _later("errors/busy.html", 503, seconds, text=text)


def _seconds_of(error: TooManyRequests | ServiceUnavailable) -> int:
    return error.retry_after if isinstance(error.retry_after, int) else BUSY_SECONDS


def _seconds_until_reset() -> int:
    # Of the limit that was hit.
    current = limiter.current_limit
    return max(1, math.ceil(current.reset_at - time.time())) if current else BUSY_SECONDS


def _later(template: str, status: int, seconds: int, **told):
    page = render_template(
        template, **{"typed": typed.shown(request.form), **told}, wait=in_words(seconds)
    )
    return page, status, {"Retry-After": str(seconds)}


def in_words(seconds: int) -> str:
    """Return how long `seconds` are, in words, and rather too long than too short."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{math.ceil(seconds / length)} {unit}"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def internal_error(error: InternalServerError):
    """Show that the fault is ours, or nothing can be saved; needs no user, session or database."""
    if error.original_exception is None:
        # Flask logs what was raised, but not what was returned or given to abort().
        handlers.reference()
        current_app.logger.error("%s at %s", error, request.path, exc_info=error)
    _undo()
    told = {
        "reference": handlers.reference(),
        "told": handlers.tells_administrator(current_app),
        "typed": _typed(),
    }
    if is_unwritable(error.original_exception):
        headers = {"Retry-After": str(UNWRITABLE_SECONDS)}
        return render_template("errors/unwritable.html", **told), 503, headers
    page = render_template("errors/500.html", **told)
    if is_silence(error.original_exception):
        return page, 503, {"Retry-After": str(BUSY_SECONDS)}
    return page, 500


def _typed() -> dict[str, str]:
    # Reading the form may be what has failed.
    try:
        return typed.shown(request.form)
    except Exception as failure:
        current_app.logger.warning("what was typed could not be shown again: %r", failure)
        return {}


def _sought() -> str:
    # The last part of the address as words, if it has any: /user/jhon → jhon.
    words = re.sub(r"[\W_]+", " ", request.path.rpartition("/")[2]).strip()
    return words[: search_terms.MAX_QUERY] if any(c.isalpha() for c in words) else ""


def _undo() -> None:
    # The database may be what has failed, and then this can fail as well.
    try:
        db.session.rollback()
    except Exception as failure:
        current_app.logger.warning("the session could not be rolled back: %r", failure)
        db.session.registry.clear()
