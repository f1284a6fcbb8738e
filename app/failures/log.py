"""The log: one line a record, in a file that all processes of the site write and turn over."""

import logging
import os
import stat
import sys

import sqlalchemy as sa
from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import g, has_request_context, request

from app.failures.redaction import Redactor, one_line
from config import SettingError

LINE = "%(asctime)s %(levelname)s: %(message)s%(visit)s [in %(pathname)s:%(lineno)d]"
# In bytes: a record by itself, and one with a traceback.
MAX_RECORD = 2 * 1024
MAX_TRACEBACK = 20 * 1024
# What the rest of a line takes at most: time, level, line number and brackets.
AROUND = 60
MAX_LOG = 1024 * 1024  # bytes
OLD_LOGS = 10
# The reference of a request's failure is kept here in its WSGI environment: unlike `g`
# it is the request's own, also when one request runs inside another.
REFERENCE = "microblog.reference"


def file_handler(path: str, longest: int = MAX_LOG, old: int = OLD_LOGS) -> logging.Handler:
    """Return the handler of the log `path`, which is for its owner alone; `-` is standard output.

    The file is turned over when it has `longest` bytes, and `old` ones are kept. A device or a
    pipe, and a file of somebody else's, keep their mode.
    Raises SettingError when it cannot be written.
    """
    if path == "-":
        return logging.StreamHandler(sys.stdout)
    try:
        # A pipe that nobody reads would be waited for without end, and is refused like this.
        options = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK
        number = os.open(path, options, 0o600)
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or os.path.abspath(path).startswith("/dev/"):
            return _plain_handler(path, number)
        os.close(number)
        mode = 0o600 if found.st_uid == os.geteuid() else None
        return ConcurrentRotatingFileHandler(
            path, maxBytes=longest, backupCount=old, encoding="utf-8", chmod=mode
        )
    except OSError as error:
        raise SettingError(f"LOG_FILE: {path} cannot be written: {error.strerror}.") from error


def _plain_handler(path: str, number: int) -> logging.Handler:
    """Return the handler of what is open as `number`, which is never turned over."""
    os.set_blocking(number, True)
    handler = logging.FileHandler(path, delay=True)
    handler.stream = open(number, "a", encoding="utf-8")
    return handler


class LogFormatter(logging.Formatter):
    """One line a record, whatever it quotes; a traceback is indented below its record."""

    def __init__(self, redact: Redactor):
        super().__init__(LINE)
        self.redact = redact

    def format(self, record: logging.LogRecord) -> str:
        visit = record.visit if hasattr(record, "visit") else one_line(_visit())
        around = len((visit + record.pathname).encode()) + AROUND
        message = cut(one_line(self.redact.message(record)), MAX_RECORD - around)
        text = {"msg": message, "args": None, "visit": visit, "exc_text": None}
        # A copy, so that other formatters find the record as it was.
        return super().format(logging.makeLogRecord({**record.__dict__, **text}))

    def formatException(self, exc_info) -> str:
        return _shortened("\n".join(self.redact.traceback(exc_info[1])))

    def formatStack(self, stack_info: str) -> str:
        return _shortened("\n".join(map(one_line, stack_info.split("\n"))))


def cut(text: str, most: int) -> str:
    """Return `text` in at most `most` bytes, with a note of how many there were more."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    # Of a letter that is cut in two nothing is left.
    kept = encoded[: most - len(" [cut, 1000000 bytes more]")].decode(errors="ignore")
    return f"{kept} [cut, {len(encoded) - len(kept.encode())} bytes more]"


def _shortened(text: str) -> str:
    """Return indented lines with both ends of `text`: where it began, and what it came to."""
    encoded = "\n".join("    " + line for line in text.split("\n")).encode()
    most = MAX_TRACEBACK - MAX_RECORD
    if len(encoded) > most:
        half = most // 2 - 50
        left_out = f"\n    [cut, {len(encoded) - 2 * half} bytes]\n    "
        encoded = encoded[:half] + left_out.encode() + encoded[-half:]
    return encoded.decode(errors="ignore")


class AsInfo(logging.Handler):
    """Logs what a library calls an error as what it is here: one line, for the curious."""

    def __init__(self, log: logging.Handler):
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        plain = {"levelno": logging.INFO, "levelname": "INFO", "exc_info": None, "exc_text": None}
        self.log.handle(logging.makeLogRecord({**record.__dict__, **plain}))


def visitor() -> tuple[int, str | None] | None:
    """Return id and nickname of the user whose request this is, as far as they are known already.

    It never asks the database, which may be what has failed.
    """
    user = g.get("_login_user")
    state = sa.inspect(user, raiseerr=False) if user is not None else None
    if state is None or state.identity is None:
        return None
    # A rollback makes the session forget what it has read.
    return state.identity[0], state.dict.get("nickname") or g.get("nickname")


def _visit() -> str:
    if not has_request_context():
        return ""
    reference = request.environ.get(REFERENCE)
    known = visitor()
    parts = [f"ref {reference}"] if reference else []
    parts.append(f"user {known[0]}" if known else "no user")
    # A proxy may pass on any text.
    parts.append(f"from {(request.remote_addr or 'unknown')[:45]}")
    return f" ({', '.join(parts)})"
