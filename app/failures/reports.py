"""What a mail says of a failure."""

import logging
import os
import socket
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from flask import current_app, g, has_request_context, request, session

from app.failures.log import REFERENCE, visitor
from app.failures.redaction import Redactor, one_line
from config import VERSION, basedir

MAX_PATH = 80
MAX_TEXT = 200_000
# Errors that say something of the database rather than of the place that asked it.
DATABASE_ERRORS = (
    sa.exc.OperationalError,
    sa.exc.ProgrammingError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
)


@dataclass
class Failure:
    """One failure, as text: nothing in it is tied to the request, which ends before it is sent."""

    # Failures of one kind are told together.
    kind: str
    name: str
    summary: str
    reference: str
    # Method and path; empty outside a request.
    where: str
    url: str
    endpoint: str
    who: str
    when: str
    text: str

    @classmethod
    def of(cls, record: logging.LogRecord, redact: Redactor) -> "Failure":
        """Return the failure that `record` tells of; belongs into the thread of its request."""
        error = record.exc_info[1] if record.exc_info else None
        in_request = has_request_context()
        if error is None:
            name = record.levelname
            kind = f"{name} {_place(record.pathname, record.lineno)}"
            text = summary = one_line(redact.message(record))
        else:
            name = type(error).__name__
            kind = one_line(redact(_kind(error)))
            summary = redact.words(error)
            text = "\n".join(redact.traceback(error))
        return cls(
            kind=kind,
            name=one_line(name)[:60],
            summary=summary[:300],
            reference=request.environ.get(REFERENCE, "") if in_request else "",
            where=_where() if in_request else "",
            url=_url() if in_request else "",
            endpoint=str(request.endpoint) if in_request else "",
            who=_who() if in_request else "nobody",
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            text=text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n[cut]",
        )

    def subject(self) -> str:
        """Return the subject of its mail: one line, of less than 200 characters."""
        place = f"at {self.where}" if self.where else "outside a request"
        reference = f" (ref {self.reference})" if self.reference else ""
        status = "500 " if self.where else ""
        return f"{status}{self.name} {place}{reference}"

    def body(self, count: int, others: list[str]) -> str:
        """Return the text of its mail; `count` is how often it happened since the last one.

        `others` are references of the same kind of failure, told by this mail too.
        """
        lines = [
            f"What:      {self.summary}",
            f"Where:     {self.where.split()[0]} {self.url} (endpoint {self.endpoint})"
            if self.where
            else "Where:     outside a request",
            f"Who:       {self.who}",
            f"When:      {self.when}",
            f"How often: {'once' if count == 1 else f'{count} times'} since the last mail about it",
            f"Version:   {VERSION}",
            f"Process:   {os.getpid()} on {one_line(socket.gethostname())}",
        ]
        if self.reference:
            lines.append(f"Reference: {self.reference}")
        if others:
            lines.append(f"Others:    {', '.join(others)}")
        return "\n".join([*lines, "", self.text, ""])


def _where() -> str:
    path = one_line(request.path)
    if len(path) > MAX_PATH:
        path = path[: MAX_PATH - 3] + "..."
    return f"{one_line(request.method)[:20]} {path}"


def _url() -> str:
    # Without the query, which may hold anything.
    return one_line(current_app.config["SITE_URL"] + request.path)[:2000]


def _who() -> str:
    if known := visitor():
        number, nickname = known
        return f"user {number}" + (f", {one_line(nickname)}" if nickname else "")
    if "_login_user" not in g and session and "_user_id" in session:
        return "somebody signed in, whom the failure kept from being looked up"
    return "nobody"


def _kind(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, DATABASE_ERRORS):
        # Of a broken database every page would have a kind of its own.
        first_line = str(error.orig).partition("\n")[0]
        return f"{name} {''.join(c for c in first_line if not c.isdigit())[:200]}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or frames[-1:]
    return f"{name} {_place(ours[-1].filename, ours[-1].lineno)}" if ours else name


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(basedir / "app")


def _place(filename: str, line: int | None) -> str:
    path = Path(filename)
    return f"{path.relative_to(basedir) if path.is_relative_to(basedir) else path}:{line}"
