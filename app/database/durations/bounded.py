"""A bound on how long the database may work for a page, for what anybody can ask at will."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import psycopg
import sqlalchemy as sa

from app.extensions import db

# SQLite asks after this many of its instructions whether to go on: some hundred microseconds.
INSTRUCTIONS = 10_000


class TookTooLong(Exception):
    """The database was told to give up."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Let each statement inside take so many seconds (with SQLite: all together).

    Raises TookTooLong, with the transaction ended, when that is not enough.
    """
    connection = db.session.connection()
    limit = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}[connection.dialect.name]
    try:
        with limit(connection, seconds):
            yield
    except sa.exc.OperationalError as error:
        db.session.rollback()
        if _was_given_up(error.orig):
            raise TookTooLong from error
        raise


@contextmanager
def _in_sqlite(connection: sa.Connection, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    driver.set_progress_handler(lambda: time.monotonic() > deadline, INSTRUCTIONS)
    try:
        yield
    finally:
        # The connection goes back to the pool, and serves others.
        driver.set_progress_handler(None, 0)


@contextmanager
def _in_postgresql(connection: sa.Connection, seconds: float) -> Iterator[None]:
    before = connection.exec_driver_sql("SHOW statement_timeout").scalar()
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(1000 * seconds)}")
    yield
    # For what comes after it in this transaction; the end of one does the same.
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{before}'")


def _was_given_up(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, psycopg.errors.QueryCanceled) or code == sqlite3.SQLITE_INTERRUPT
