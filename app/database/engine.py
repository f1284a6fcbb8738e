"""The database of an application, with the set-up that SQLite and PostgreSQL each need."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import sqlalchemy as sa
from flask import Flask

from app.database import outages, postgresql, private_files, turns
from app.database.durations import timing
from app.extensions import db, migrate

# Seconds that a SQLite connection waits for another process's write to end; with those of
# transactions.py ten, which is the longest that anybody waits.
BUSY_SECONDS = 5
MIGRATION_BUSY_SECONDS = 60


def init_app(app: Flask) -> None:
    """Bind the database to `app`, with the set-up that its kind needs."""
    db.init_app(app)
    # Named by its package: in a path Alembic takes % for the beginning of a placeholder.
    migrate.init_app(app, db, directory="app:migrations", render_as_batch=True)
    with app.app_context():
        sa.event.listen(db.engine, "handle_error", _cut_details)
        timing.watch(db.engine, app.logger)
        if db.engine.dialect.name == "sqlite":
            sa.event.listen(db.engine, "handle_error", _tell_busy)
            outages.watch_file(db.engine)
            # The first connection alone: a file that is taken away later must not be made again.
            sa.event.listen(db.engine, "do_connect", _prepare_file, once=True)
            sa.event.listen(db.engine, "connect", _prepare_sqlite)
            sa.event.listen(db.engine, "begin", begin_sqlite)
        else:
            postgresql.bound(db.engine, app.config)


def _cut_details(context: sa.engine.ExceptionContext) -> None:
    # Below its first line PostgreSQL quotes rows, in the language of its choice:
    # "DETAIL: Key (nickname_key)=(john) already exists". None of it belongs in a log.
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _tell_busy(context: sa.engine.ExceptionContext) -> None:
    # With the extended codes, of which the last byte is the kind.
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise turns.Busy(str(context.original_exception)) from context.original_exception


def _prepare_file(dialect, record, arguments, options) -> None:
    # Where that is not possible, SQLite says itself what it cannot do.
    with suppress(OSError):
        private_files.prepare_database(arguments[0])


def _prepare_sqlite(connection, record) -> None:
    # The driver would begin transactions at moments of its own choosing;
    # begin_sqlite says when instead.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def begin_sqlite(connection: sa.Connection) -> None:
    """Begin a transaction as its connection was told: one that writes, or one that may."""
    # A transaction that reads first and then wants to write fails at once when
    # another one wrote in between, however long busy_timeout is. One that says
    # so when it begins waits its turn.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def patient(connection: sa.Connection) -> Iterator[None]:
    """Let a SQLite connection wait for its turn among those who write without a pause.

    Behind a migration no visitor waits, and it is a start that would fail.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute(f"PRAGMA busy_timeout = {MIGRATION_BUSY_SECONDS * 1000}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def unhurried():
    """Return a context in which statements may take an hour, for migrations and commands."""
    if db.engine.dialect.name == "sqlite":
        return nullcontext()
    return postgresql.unhurried(db.engine)
