"""Outages: a database that takes nothing new, and a file that is taken away while the site runs.

That is noticed, and left when it is back. Of servers that end, SQLAlchemy's `pool_pre_ping`
takes care.
"""

import os
import sqlite3

import sqlalchemy as sa

from app.database.postgresql import NoAnswer

# A full disk, and what may only be read; of SQLite also a disk that fails.
UNWRITABLE_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
UNWRITABLE_SQLSTATES = {"53100", "25006"}


def is_unwritable(error: BaseException | None) -> bool:
    """Return whether this error says that the database takes nothing new, whatever it is."""
    cause = getattr(error, "orig", None)
    # Of an extended code the last byte is the kind.
    kind = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return kind in UNWRITABLE_SQLITE or getattr(cause, "sqlstate", "") in UNWRITABLE_SQLSTATES


def is_silence(error: BaseException | None) -> bool:
    """Return whether this error says that the database gave no answer."""
    return isinstance(getattr(error, "orig", None), NoAnswer)


def watch_file(engine: sa.Engine) -> None:
    """Fail while the SQLite file of `engine` is away, and go on when one is back in its place.

    SQLite would write on into a file that no longer has a name, where everything is
    lost with the process, and open connections to an empty one that it makes.
    """
    path = str(engine.url.database)
    opened_before = False

    @sa.event.listens_for(engine, "do_connect")
    def keep_from_making_another(dialect, record, arguments, options) -> None:
        if opened_before and not os.path.exists(path):
            raise sqlite3.OperationalError("unable to open database file: it is gone")

    @sa.event.listens_for(engine, "connect")
    def remember(connection, record) -> None:
        nonlocal opened_before
        opened_before = True
        record.info["file"] = identity()

    @sa.event.listens_for(engine, "checkout")
    def compare(connection, record, proxy) -> None:
        if record.info.get("file") != identity():
            raise sa.exc.DisconnectionError("the database file is another one")

    def identity() -> tuple[int, int] | None:
        try:
            found = os.stat(path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
