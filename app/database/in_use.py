"""Whether processes of the site use the database, so that nobody takes it from under them.

With SQLite each serving process holds a shared lock on a file beside the database, until it
ends; with PostgreSQL, whose clients may be on other machines, each connection holds one there.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import sqlalchemy as sa
from flask import Flask

from app.database import private_files
from app.extensions import db
from config import SettingError

# Any number will do; it must only be the same in every process of the site.
USE_LOCK = 6_207_013
BEING_REPLACED = "the database is being restored or moved"
# That a process is given that has just ended.
PATIENCE_SECONDS = 2
# The locks of this process: one ends when its file is closed.
_held: dict[str, int] = {}


class InUse(Exception):
    """Processes of the site use the database."""

    def __init__(self) -> None:
        super().__init__("The site is running with this database: stop it, and try again.")


def announce(app: Flask) -> None:
    """Mark the database as in use by this process, until it ends.

    Raises SettingError while the database is taken away from the site.
    """
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            path = _file_of(str(db.engine.url.database))
            if path not in _held and not _lock(path, fcntl.LOCK_SH):
                raise SettingError(f"DATABASE_URL: {BEING_REPLACED}.")
        else:
            # One that stays in the pool, for whoever asks before the first visitor comes. What is
            # forked from here has to make its own.
            with suppress(sa.exc.DBAPIError), db.engine.connect():
                pass
            engine = db.engine
            os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


def mark(connection: psycopg.Connection) -> None:
    """Let a new connection to PostgreSQL say that it is in use. Raises OperationalError."""
    call = "SELECT pg_try_advisory_lock_shared(%s)"
    row = connection.execute(call, [USE_LOCK]).fetchone()
    if row is None or not row[0]:
        raise psycopg.OperationalError(BEING_REPLACED)


@contextmanager
def unused(url: sa.URL) -> Iterator[None]:
    """Keep the site from the database at `url`. Raises InUse when it is running there."""
    if url.get_backend_name() == "sqlite":
        path = _file_of(str(url.database))
        if not _lock(path, fcntl.LOCK_EX):
            raise InUse
        try:
            yield
        finally:
            os.close(_held.pop(path))
        return
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        taken = sa.select(sa.func.pg_try_advisory_lock(USE_LOCK))
        deadline = time.monotonic() + PATIENCE_SECONDS
        # The server needs a moment to notice that a process has ended, or we have hung up.
        while not connection.scalar(taken):
            if time.monotonic() > deadline:
                raise InUse
            time.sleep(0.05)
        try:
            yield
        finally:
            # It would end with the connection, as when we crash, but a moment later: too late for
            # whoever connects next.
            connection.execute(sa.select(sa.func.pg_advisory_unlock(USE_LOCK)))


def _file_of(database: str) -> str:
    return f"{os.path.realpath(database)}.serving"


def _lock(path: str, kind: int) -> bool:
    """Return whether this process holds the lock of this kind now; it waits for nobody."""
    private_files.prepare(Path(path))
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _held[path] = file
    return True
