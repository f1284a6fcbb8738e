"""A PostgreSQL database as a whole: read at one moment, made aside, put in the place of another."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from app.database.postgresql import OPTIONS

# The schema in which a database is made, until it takes the place of the one before.
STAGING = "microblog_staging"
# Milliseconds for the locks of an exchange: nobody should hold any.
LOCK_MILLISECONDS = 10_000
FUNCTIONS = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = CAST(CAST(:schema AS text) AS regnamespace) AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e'
    )
"""


def opened(url: sa.URL) -> sa.Engine:
    """Return an engine of its own, all of whose reading in a transaction is of one moment."""
    return _engine(url, isolation_level="REPEATABLE READ")


def is_taken(url: sa.URL) -> bool:
    """Return whether there is something at `url` that a copy would replace."""
    with _engine(url).connect() as connection:
        return bool(sa.inspect(connection).get_table_names())


@contextlib.contextmanager
def staged(url: sa.URL) -> Iterator[sa.Engine]:
    """Make an empty schema in the database at `url`, which is gone afterwards."""
    admin = _engine(url)
    drop = f"DROP SCHEMA IF EXISTS {STAGING} CASCADE"
    with admin.begin() as connection:
        # One may be left of somebody who was killed.
        connection.exec_driver_sql(drop)
        connection.exec_driver_sql(f"CREATE SCHEMA {STAGING}")
    try:
        yield _engine(url, STAGING)
    finally:
        with admin.begin() as connection:
            connection.exec_driver_sql(drop)


def put_in_place(staging: sa.Engine, url: sa.URL) -> None:
    """Put what was staged in the place of what is at `url`, all of it or nothing."""
    with _engine(url).begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        inspector = sa.inspect(connection)
        for name in inspector.get_table_names(schema):
            connection.exec_driver_sql(f'DROP TABLE "{schema}"."{name}" CASCADE')
        for function in _functions(connection, schema):
            connection.exec_driver_sql(f"DROP FUNCTION {function} CASCADE")
        # Sequences, indexes and triggers go with their tables.
        for name in inspector.get_table_names(STAGING):
            connection.exec_driver_sql(f'ALTER TABLE {STAGING}."{name}" SET SCHEMA "{schema}"')
        for function in _functions(connection, STAGING):
            connection.exec_driver_sql(f'ALTER FUNCTION {function} SET SCHEMA "{schema}"')


def _functions(connection: sa.Connection, schema: str) -> list[str]:
    return list(connection.execute(sa.text(FUNCTIONS), {"schema": schema}).scalars())


def _engine(url: sa.URL, search_path: str | None = None, **options) -> sa.Engine:
    # SQLite keeps instants as UTC without saying so.
    told = "-c TimeZone=UTC" + (f" -c search_path={search_path}" if search_path else "")
    return sa.create_engine(
        url,
        connect_args={**OPTIONS, "options": told},
        poolclass=sa.pool.NullPool,
        hide_parameters=True,
        **options,
    )
