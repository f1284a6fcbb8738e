"""How failures reach the administrator: a reference, an entry in the log, and mail.

The log's form is in log.py, what it may not tell in redaction.py, the mail in mailer.py.
"""

import contextlib
import logging
import os
import platform
import re
import secrets
import sys
import weakref
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from flask import Flask, got_request_exception, request
from flask.logging import default_handler

from app.failures.log import MAX_LOG, OLD_LOGS, REFERENCE, AsInfo, LogFormatter, file_handler
from app.failures.log_limit import LogLimit
from app.failures.mailer import FailureMail
from app.failures.redaction import Redactor
from config import VERSION, SettingError, basedir

# No two of them look alike, few sound alike, and without vowels they make no words.
REFERENCE_LETTERS = "34679CFHJKMNPRTVWXY"
REFERENCE_LENGTH = 5
# Of a record that is no failure of the site's pages: nobody gets a mail about it.
ONLY_LOGGED = {"is_only_logged": True}
# What a start says of itself; the rest is secret, personal or without consequence.
TOLD_SETTINGS = (
    "SITE_URL",
    "HOST",
    "PORT",
    "WORKERS",
    "PROXY_COUNT",
    "MAIL_SERVER",
    "MAIL_PORT",
    "MAIL_SECURITY",
    "JOIN",
    "PROVIDER",
    "PUBLIC",
    "RATELIMIT_ENABLED",
    "GRAVATAR",
    "METRICS",
    "REQUEST_LOG",
    "LOG_FILE",
)
# python3-openid reports every refused sign-in as an error, with a traceback, and on each
# that goes well the messages that it sends.
library = logging.getLogger("openid")
library.propagate = False
library.setLevel(logging.WARNING)
# What these warn of concerns the administrator as it is.
LIBRARIES = ("flask-limiter", "sqlalchemy")
_ours: weakref.WeakSet[logging.Handler] = weakref.WeakSet()


def init_app(app: Flask) -> None:
    """With debug off, log to LOG_FILE and mail failures to ADMINS.

    Raises SettingError when the log cannot be written.
    """
    others = [logging.getLogger(name) for name in LIBRARIES]
    close_log()
    got_request_exception.connect(_note_failure, app)
    if app.debug:
        return
    app.logger.removeHandler(default_handler)
    app.logger.setLevel(logging.INFO)
    redact = Redactor(app.config)
    log = file_handler(app.config["LOG_FILE"], MAX_LOG, OLD_LOGS)
    log.setFormatter(LogFormatter(redact))
    log.addFilter(LogLimit(log))
    _add(library, AsInfo(log))
    for logger in (app.logger, *others):
        _add(logger, log)
    app.logger.info("microblog startup: %s", _described(app.config))
    if tells_administrator(app):
        _add(app.logger, FailureMail(app.config, app.extensions["mail"], redact))
    else:
        app.logger.warning("ADMINS is empty: nobody will hear of failures by mail")
    if not isinstance(sys.excepthook, LoggingHook):
        sys.excepthook = LoggingHook(sys.excepthook)


def close_log() -> None:
    """Close the log and the mail of the application before: the loggers are the process's."""
    for name in ("app", library.name, *LIBRARIES):
        _remove_handlers(logging.getLogger(name))


def tells_administrator(app: Flask) -> bool:
    """Return whether a failure is mailed to anybody."""
    return not app.debug and bool(app.config["ADMINS"])


def reference() -> str:
    """Return the reference of this request's failure, which page, log and mail have in common."""
    if REFERENCE not in request.environ:
        letters = (secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
        request.environ[REFERENCE] = "".join(letters)
    return request.environ[REFERENCE]


def _note_failure(app: Flask, **extra) -> None:
    # Flask sends this before it logs the failure and asks for the page.
    reference()


@contextlib.contextmanager
def logged_start(app: Flask, settings: dict | None = None) -> Iterator[None]:
    """Log it when what is done inside fails; `settings` are those given to create_app()."""
    try:
        yield
    except (Exception, SettingError) as error:
        if not app.debug and not getattr(error, "is_logged", False):
            _log_failed_start(app, settings or {}, error)
        raise


def _log_failed_start(app: Flask, settings: dict, error: BaseException) -> None:
    trace = None if isinstance(error, SettingError) else error
    if any(handler in _ours for handler in app.logger.handlers):
        app.logger.error("the start failed: %s", error, exc_info=trace, extra=ONLY_LOGGED)
    elif "LOG_FILE" not in app.config:
        # Not even the settings could be read, so there is but what was given for LOG_FILE.
        default = str(basedir / "tmp" / "microblog.log")
        path = str(settings.get("LOG_FILE") or os.environ.get("LOG_FILE") or default)
        with contextlib.suppress(SettingError):
            log = file_handler(path)
            log.setFormatter(LogFormatter(Redactor({})))
            logger = logging.Logger("app")
            logger.addHandler(log)
            logger.error("the start failed: %s", error, exc_info=trace)
            log.close()
    vars(error)["is_logged"] = True


class LoggingHook:
    """A sys.excepthook that logs what nobody has caught, before the one that was there."""

    def __init__(self, next_hook: Callable):
        self.next_hook = next_hook

    def __call__(self, kind, error, trace) -> None:
        # A command that fails, or a server that does not come up; a SystemExit, as click
        # makes of a mistake in the command line, does not come here.
        if isinstance(error, Exception) and not getattr(error, "is_logged", False):
            logging.getLogger("app").error(
                "failure outside a request", exc_info=(kind, error, trace), extra=ONLY_LOGGED
            )
        self.next_hook(kind, error, trace)


def _described(config: dict) -> str:
    told = {name: config[name] for name in TOLD_SETTINGS}
    told["ADMINS"] = len(config["ADMINS"])
    url = sa.make_url(config["SQLALCHEMY_DATABASE_URI"]).set(query={})
    told["DATABASE_URL"] = url.render_as_string(hide_password=True)
    told["RATELIMIT_STORAGE_URI"] = re.sub(
        r"//[^/]*@", "//***@", config["RATELIMIT_STORAGE_URI"].partition("?")[0]
    )
    parts = [f"version {VERSION}", f"Python {platform.python_version()}"]
    return ", ".join(parts + [f"{name}={value}" for name, value in told.items()])


def _add(logger: logging.Logger, handler: logging.Handler) -> None:
    _ours.add(handler)
    # Python's own prints the record as it came, with all that nobody has redacted.
    handler.handleError = _tell_unwritten  # type: ignore[method-assign]
    logger.addHandler(handler)


def _tell_unwritten(record: logging.LogRecord) -> None:
    error = sys.exc_info()[1]
    reason = getattr(error, "strerror", None) or type(error).__name__
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"A line of the log could not be written: {reason}.\n")


def _remove_handlers(logger: logging.Logger) -> None:
    # The log is closed last, since it may have to take what could not be mailed.
    for handler in [h for h in reversed(logger.handlers) if h in _ours]:
        close(handler)
        logger.removeHandler(handler)


def close(handler: logging.Handler) -> None:
    """Close a handler of ours; what its limit left out is told first."""
    for limit in handler.filters:
        if isinstance(limit, LogLimit):
            limit.close()
    # What could not be written before cannot be written now.
    with contextlib.suppress(OSError):
        handler.close()
