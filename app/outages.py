"""A database that breaks while the site runs: noticed before a page begins, left when it is back.

Every connection is asked for a sign of life when it is taken from the pool, which is
what SQLAlchemy's `pool_pre_ping` would do. On behalf of a page the same question names
every table, so that no page is half of what it should be or invites to what must fail.
"""

import os
import sqlite3
from contextvars import ContextVar
from functools import cache

import sqlalchemy as sa

from app.extensions import db

_for_a_page = ContextVar("for a page", default=False)


def watch(engine: sa.Engine) -> None:
    """Let `engine` give no connection that is not sound, and make new ones instead."""
    if engine.dialect.name == "sqlite":
        _watch_file(engine)
    _ping(engine)


def require_every_table() -> None:
    """Begin the read transaction of a page, on a connection that finds every table.

    Raises SQLAlchemyError when the database does not answer or a table is not there.
    """
    token = _for_a_page.set(True)
    try:
        db.session.connection()
    finally:
        _for_a_page.reset(token)


def _ping(engine: sa.Engine) -> None:
    dialect = engine.dialect

    @sa.event.listens_for(engine, "checkout")
    def ping(connection, record, proxy) -> None:
        try:
            if _for_a_page.get():
                ask_for_every_table(connection)
            else:
                dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, connection, None):
                # Those made before it have gone the same way, so all are made anew.
                raise sa.exc.InvalidatePoolError("the database has gone") from error
            raise

    def ask_for_every_table(connection) -> None:
        if dialect.name == "sqlite":
            connection.execute(statement()).fetchall()
            return
        # No transaction, which would keep hold of the tables until the page is done.
        connection.autocommit = True
        try:
            connection.execute(statement()).fetchall()
        finally:
            if not connection.closed:
                connection.autocommit = False

    @cache
    def statement() -> str:
        # Reads no row, and once prepared costs what SELECT 1 does. The index of search.py
        # is no table of the models.
        tables = [*db.metadata.sorted_tables, sa.table("post_search")]
        nothing = (
            sa.select(sa.literal_column("1")).select_from(t).where(sa.false()) for t in tables
        )
        return str(sa.union_all(*nothing).compile(dialect=dialect))


def _watch_file(engine: sa.Engine) -> None:
    """Fail when the database file is taken away, and go on when one is back in its place.

    SQLite would write on into a file that no longer has a name, where everything is
    lost with the process, and open connections to an empty one that it makes.
    """
    path = engine.url.database
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
