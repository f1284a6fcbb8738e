"""Transactions, and what SQLite and PostgreSQL each need."""

from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import flask_migrate
import portalocker
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from app import outages, postgresql, private_files
from app.extensions import db, migrate
from app.failures import logged_start
from config import SettingError

MIGRATIONS = Path(__file__).with_name("migrations")
# Seconds that a SQLite connection waits for another one's write to end.
BUSY_SECONDS = 15
# Any number will do; it must only be the same in every process of the site.
MIGRATION_LOCK = 6_207_012


class UTCDateTime(sa.types.TypeDecorator):
    """An instant: timezone-aware UTC in Python, whatever the database keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite keeps no offset; what it holds was converted on the way in.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


def init_app(app: Flask) -> None:
    """Bind the database to `app`, with the set-up that its kind needs."""
    db.init_app(app)
    # Named by its package: in a path Alembic takes % for the beginning of a placeholder.
    migrate.init_app(app, db, directory="app:migrations", render_as_batch=True)
    with app.app_context():
        sa.event.listen(db.engine, "handle_error", _cut_details)
        if db.engine.dialect.name == "sqlite":
            outages.watch_file(db.engine)
            # The first connection alone: a file that is taken away later must not be made again.
            sa.event.listen(db.engine, "do_connect", _prepare_file, once=True)
            sa.event.listen(db.engine, "connect", _prepare_sqlite)
            sa.event.listen(db.engine, "begin", _begin_sqlite)
        else:
            postgresql.bound(db.engine, app.config)


def _cut_details(context: sa.engine.ExceptionContext) -> None:
    # Below its first line PostgreSQL quotes rows, in the language of its choice:
    # "DETAIL: Key (nickname_key)=(john) already exists". None of it belongs in a log.
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _prepare_file(dialect, record, arguments, options) -> None:
    # Where that is not possible, SQLite says itself what it cannot do.
    with suppress(OSError):
        private_files.prepare_database(arguments[0])


def _prepare_sqlite(connection, record) -> None:
    # The driver would begin transactions at moments of its own choosing;
    # _begin_sqlite says when instead.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection) -> None:
    # A transaction that reads first and then wants to write fails at once when
    # another one wrote in between, however long busy_timeout is. One that says
    # so when it begins waits its turn.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing():
    """One transaction that writes: gives the session, commits at the end, undoes on an error.

    It ends the read transaction that came before, so what was loaded earlier is
    read again on its next use. Changes made before it are thrown away: make them inside.
    """
    db.session.rollback()
    try:
        db.session.connection(execution_options={"writes": True})
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def unhurried():
    """Return a context in which statements may take an hour, for migrations and commands."""
    if db.engine.dialect.name == "sqlite":
        return nullcontext()
    return postgresql.unhurried(db.engine)


def release() -> None:
    """End the read transaction, as before anything that waits on the network."""
    db.session.rollback()


def upgrade(app: Flask) -> None:
    """Bring the database of `app` up to the newest migration; several starts at once take turns.

    Raises SettingError, in one sentence, when the database cannot be opened or written.
    """
    with logged_start(app), app.app_context():
        try:
            with unhurried(), _migration_lock():
                _require_utf8()
                if not is_current():
                    flask_migrate.upgrade()
        except (sa.exc.DBAPIError, OSError, portalocker.LockException) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            url = db.engine.url.render_as_string(hide_password=True)
            raise SettingError(f"DATABASE_URL: {url} cannot be used: {reason}.") from error
        finally:
            db.session.remove()


def is_of_models(name: str | None, kind: str, parents: dict) -> bool:
    """Tell Alembic which names to compare with the models: all but the search index.

    It is `include_name` of Alembic; the index is made and kept by triggers of the
    migrations, and SQLite spreads it over several tables.
    """
    return not (kind == "table" and (name or "").startswith("post_search"))


def is_current() -> bool:
    """Tell whether the database stands at the newest migration."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == _newest()


@cache
def _newest() -> str | None:
    # Reading the migrations was most of what /readyz cost.
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def has_every_table() -> bool:
    """Tell whether the database has every table, of which it locks none to find out."""
    # The index of queries/search.py is no table of the models.
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
    with db.engine.connect() as connection:
        # The lock belongs to the connection and ends with it, also when we crash.
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
