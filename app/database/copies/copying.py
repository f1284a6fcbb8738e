"""Copying a database into an empty one: pages between SQLite files, else row after row."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import cast

import sqlalchemy as sa
from alembic import command
from flask import current_app

from app.database.copies.contents import contents, tables

# Rows that are handed on together.
PIECE = 2000
# Pages of a SQLite file, some megabytes.
PAGES = 2000
# Of the schema in use, with what makes each of them again.
KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""

# Is called with the share that is done, from 0 to 1.
Progress = Callable[[float], None]


class CopyFailed(Exception):
    """It could not be done, for a reason that its text says in a sentence; nothing changed."""


def migrate(engine: sa.Engine, to: str = "head") -> None:
    """Bring the database of `engine` to this migration."""
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["engine"] = engine
    command.upgrade(config, to)


def copy(source: sa.Engine, target: sa.Engine, progress: Progress) -> None:
    """Make the empty database `target` hold what `source` does at one moment.

    Raises CopyFailed when there is nothing of this site in `source`, or not all arrived.
    """
    if source.dialect.name == target.dialect.name == "sqlite":
        copy_pages(source, target, progress)
        return
    # One transaction, which sees nothing of what is written meanwhile.
    with source.connect() as read:
        found = contents(read)
        if found.revision is None:
            raise CopyFailed("There is no database of this site.")
        migrate(target, found.revision)
        with target.connect() as written:
            _copy_rows(read, written, sum(found.rows.values()), progress)
            arrived = contents(written)
            written.rollback()
    if arrived != found:
        raise CopyFailed(f"Not all arrived: {arrived} instead of {found}.")


def copy_pages(source: sa.Engine, target: sa.Engine, progress: Progress) -> None:
    """Copy one SQLite database over another; whoever reads or crashes sees one or the other."""
    with _driver(source) as read, _driver(target) as written:
        # Or else it would begin anew after each write of somebody else.
        read.execute("BEGIN")
        read.execute("SELECT 1 FROM sqlite_master").fetchall()
        read.backup(
            written, pages=PAGES, progress=lambda _, left, of: progress(1 - left / max(of, 1))
        )


@contextlib.contextmanager
def _driver(engine: sa.Engine) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(engine.raw_connection()) as connection:
        yield cast(sqlite3.Connection, connection.driver_connection)


def _copy_rows(read: sa.Connection, written: sa.Connection, total: int, progress: Progress) -> None:
    source, places = tables(read), {table.name: table for table in tables(written)}
    written.rollback()
    done = 0
    with _without_foreign_keys(written):
        for table in source:
            rows = read.execution_options(yield_per=PIECE).execute(sa.select(table))
            for piece in rows.mappings().partitions():
                written.execute(sa.insert(places[table.name]), [dict(row) for row in piece])
                done += len(piece)
                progress(done / total)
        for table in source:
            _never_give_again(written, table, _last_id(read, table))


@contextlib.contextmanager
def _without_foreign_keys(connection: sa.Connection) -> Iterator[None]:
    """Let rows come in any order inside, which is one transaction."""
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        # It does nothing within a transaction.
        driver.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            yield
        driver.execute("PRAGMA foreign_keys = ON")
        return
    with connection.begin():
        keys = connection.exec_driver_sql(KEYS).all()
        for table, name, _ in keys:
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        yield
        for table, name, definition in keys:
            connection.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _last_id(connection: sa.Connection, table: sa.Table) -> int | None:
    """Return the last id that a table gave to a row, perhaps of one that is gone, or None."""
    if connection.dialect.name == "sqlite":
        last = sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = :table")
        return connection.scalar(last, {"table": table.name})
    sequence = _sequence(connection, table)
    if sequence is None:
        return None
    return connection.scalar(sa.select(sa.func.pg_sequence_last_value(sequence)))


def _never_give_again(connection: sa.Connection, table: sa.Table, last_id: int | None) -> None:
    # Ids of users and posts are never used a second time.
    if connection.dialect.name == "sqlite":
        if last_id is not None:
            row = {"name": table.name, "seq": last_id}
            connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
            connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), row)
    elif sequence := _sequence(connection, table):
        [column] = table.primary_key
        highest = connection.scalar(sa.select(sa.func.max(column)))
        if (last := max(last_id or 0, highest or 0)) > 0:
            connection.execute(sa.select(sa.func.setval(sequence, last)))


def _sequence(connection: sa.Connection, table: sa.Table) -> str | None:
    """Return the name of the sequence of a PostgreSQL table's ids, or None without one."""
    if len(table.primary_key) != 1:
        return None
    [column] = table.primary_key
    return connection.scalar(
        sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name))
    )
