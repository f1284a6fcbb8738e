"""Bringing the database up to the newest migration, and telling whether it is there."""

import re
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import flask_migrate
import portalocker
import psycopg
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app

from app.database import private_files
from app.database.engine import unhurried
from app.database.turns import Busy
from app.extensions import db
from app.failures.handlers import logged_start
from config import SettingError

MIGRATIONS = Path(__file__).parent.with_name("migrations")
# Any number will do; it must only be the same in every process of the site.
MIGRATION_LOCK = 6_207_012
# In seconds.
LOCK_ASKED_EVERY = 0.1
# Migrations are numbered in their order.
NUMBER = re.compile("[0-9]{4}")
# For a table that others use, on PostgreSQL; and how often that is tried, for minutes in all.
LOCK_MILLISECONDS = 3000
ATTEMPTS = 60


def upgrade(app: Flask) -> None:
    """Bring the database of `app` up to the newest migration; several starts at once take turns.

    Raises SettingError, in one sentence, when the database cannot be opened or written.
    """
    with logged_start(app), app.app_context():
        try:
            with unhurried(), _migration_lock():
                _require_utf8()
                _upgrade_in_turn()
        except (sa.exc.DBAPIError, Busy, OSError, portalocker.LockException) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            url = db.engine.url.render_as_string(hide_password=True)
            raise SettingError(f"DATABASE_URL: {url} cannot be used: {reason}.") from error
        finally:
            db.session.remove()


def _upgrade_in_turn() -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if not is_current():
                flask_migrate.upgrade()
            return
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable) or attempt == ATTEMPTS:
                raise
            current_app.logger.info("a migration waits for a table that is in use")


def is_of_models(name: str | None, kind: str, parents: dict) -> bool:
    """Return whether Alembic compares this name with the models: all but what serves search alone.

    It is `include_name` of Alembic. The index of posts is made and kept by triggers of the
    migrations, and SQLite spreads it over several tables; that of nicknames is an expression.
    """
    if kind == "index":
        return name != "ix_user_nickname_key_in_order"
    return not (kind == "table" and (name or "").startswith("post_search"))


def is_current() -> bool:
    """Return whether the database stands at the newest migration, or one of a later release.

    Each release runs on the schema of the next, so that machines are upgraded one by one.
    """
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    newest = _newest()
    if found is None or newest is None:
        return found == newest
    return found == newest or (NUMBER.fullmatch(found) is not None and found > newest)


def is_known(revision: str) -> bool:
    """Return whether there is such a migration in this release."""
    known = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return revision in {script.revision for script in known}


@cache
def _newest() -> str | None:
    # Reading the migrations was most of what /readyz cost.
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def has_every_table() -> bool:
    """Return whether the database has every table, of which it locks none to find out."""
    # The index of queries/search/results.py is no table of the models.
    return {*db.metadata.tables, "post_search"} <= set(sa.inspect(db.engine).get_table_names())


def _require_utf8() -> None:
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise SettingError(f"DATABASE_URL: the database must be made with UTF8, not {encoding}.")


@contextmanager
def _migration_lock():
    if db.engine.dialect.name == "sqlite":
        path = Path(f"{db.engine.url.database}.lock")
        private_files.prepare(path)
        # Beside the database and not in it: closing a second handle on the file would drop
        # the locks that SQLite holds for this process (sqlite.org/howtocorrupt.html, 2.2).
        with portalocker.Lock(path, timeout=60):
            yield
        return
    # In no transaction, and asked for again and again rather than waited for: an index that is
    # made beside those who write waits for every transaction and statement that began before.
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # The lock belongs to the connection and ends with it, also when we crash.
        take = sa.select(sa.func.pg_try_advisory_lock(MIGRATION_LOCK))
        while not connection.scalar(take):
            time.sleep(LOCK_ASKED_EVERY)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK)))
