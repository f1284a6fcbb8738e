"""How long the database takes: slow statements are logged, and whoever counts is told."""

import time
from collections.abc import Callable
from logging import Logger

import sqlalchemy as sa
from blinker import signal

# A statement that takes as many seconds is worth a line.
SLOW_SECONDS = 1.0
# Sent with `seconds`: a statement was answered, and a connection was had.
statement_done = signal("microblog-statement-done")
connection_had = signal("microblog-connection-had")


def watch(engine: sa.Engine, logger: Logger) -> None:
    """Log slow statements of `engine`, without their parameters, and tell what all take."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def begin(*event) -> None:
        _context(event).microblog_began = time.monotonic()

    @sa.event.listens_for(engine, "after_cursor_execute")
    def end(*event) -> None:
        seconds = time.monotonic() - _context(event).microblog_began
        statement_done.send(engine, seconds=seconds)
        if seconds >= SLOW_SECONDS:
            words = " ".join(event[2].split())
            logger.warning("slow query, %.1f seconds: %s", seconds, words)

    # There is no event before a connection is waited for.
    engine.raw_connection = _timed(engine)  # type: ignore[method-assign]


def _context(event: tuple):
    # Connection, cursor, statement, parameters, context, and whether there are many parameters.
    return event[4]


def _timed(engine: sa.Engine) -> Callable:
    get = engine.raw_connection

    def raw_connection():
        began = time.monotonic()
        try:
            return get()
        finally:
            connection_had.send(engine, seconds=time.monotonic() - began)

    return raw_connection
