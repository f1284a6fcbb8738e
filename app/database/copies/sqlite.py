"""A SQLite database as a whole: read at one moment, made aside, put in the place of another."""

import contextlib
import os
import re
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from app.database import private_files
from app.database.copies.copying import CopyFailed, copy_pages
from app.database.engine import begin_sqlite

MAGIC = b"SQLite format 3\0"
# Seconds that a connection waits for another one's write to end.
BUSY_SECONDS = 15
# What becomes a backup, until it is one, and after which time it never will: one that is being
# made is written to again and again.
DRAFT_ENDING = ".microblog-partial"
DRAFT = re.compile(rf".+\.[a-z0-9_]{{8}}{re.escape(DRAFT_ENDING)}")
ABANDONED_SECONDS = 6 * 60 * 60


def opened(url: sa.URL) -> sa.Engine:
    """Return an engine of its own for a database that is there. Raises CopyFailed."""
    path = str(url.database)
    if not os.path.isfile(path):
        raise CopyFailed(f"There is no database {path}.")
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise CopyFailed(f"{path} is no backup and no SQLite database.")
    # A backup is read where nothing can be written too; others may write to a database in use.
    is_alone = not os.path.exists(f"{path}-wal")
    return _engine(path, "mode=ro&immutable=1" if is_alone else "mode=rw")


def is_taken(url: sa.URL) -> bool:
    """Return whether there is something at `url` that a copy would replace."""
    path = str(url.database)
    return os.path.exists(path) and os.path.getsize(path) > 0


@contextlib.contextmanager
def staged(url: sa.URL) -> Iterator[sa.Engine]:
    """Make an empty database beside the one at `url`, which is gone afterwards."""
    path = f"{url.database}.staging"
    _delete(path)
    try:
        with _made(path) as engine:
            yield engine
    finally:
        _delete(path)


def put_in_place(staging: sa.Engine, url: sa.URL) -> None:
    """Put what was staged in the place of the database at `url`, all of it or nothing."""
    path = str(url.database)
    private_files.prepare_database(path)
    # Within one transaction of the old database, so that a crash leaves that as it was.
    target = _engine(path, "mode=rw")
    try:
        copy_pages(staging, target, lambda share: None)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise CopyFailed(
            f"{path} is broken ({error}): move it away with its -wal and -shm, and try again."
        ) from error


@contextlib.contextmanager
def backup_file(path: Path) -> Iterator[sa.Engine]:
    """Make a database that is found at `path` when all of it is written, and not before.

    Raises CopyFailed when that is something else than an older backup.
    """
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise CopyFailed(f"{path} is there already, and is no backup.")
    _clear(path.parent)
    # For this account alone, and another one for whoever backs up at the same time.
    number, draft = tempfile.mkstemp(DRAFT_ENDING, f"{path.name}.", path.parent)
    os.close(number)
    try:
        with _made(draft) as engine:
            yield engine
        with open(draft, "rb") as written:
            os.fsync(written)
        os.replace(draft, path)
    finally:
        _delete(draft)


def _clear(folder: Path) -> None:
    """Delete what is left in `folder` of backups that were killed."""
    # No lock tells whether one is at work: on a disk of the network it would keep SQLite out.
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            found = path.lstat()
            is_old = found.st_mtime < time.time() - ABANDONED_SECONDS
            if is_old and stat.S_ISREG(found.st_mode) and DRAFT.fullmatch(path.name):
                _delete(str(path))


@contextlib.contextmanager
def _made(path: str) -> Iterator[sa.Engine]:
    private_files.prepare(Path(path))
    engine = _engine(path, "mode=rw")

    @sa.event.listens_for(engine, "connect")
    def hurry(connection, record) -> None:
        # What is left of it after a crash is thrown away. Without a log of its own it is one file
        # afterwards, which can be read where nothing can be written.
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    yield engine


def _engine(path: str, query: str) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(path)}?{query}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    engine = sa.create_engine(
        "sqlite://", creator=connect, poolclass=sa.pool.NullPool, hide_parameters=True
    )
    sa.event.listen(engine, "begin", begin_sqlite)
    return engine


def _delete(path: str) -> None:
    for ending in (*private_files.BESIDE, "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)
