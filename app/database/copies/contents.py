"""What a database holds: its migration, its rows table by table, and whether it is sound."""

from typing import NamedTuple

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from app.database.upgrade import is_of_models


class Contents(NamedTuple):
    """What a database holds, search indexes aside: they follow from the rest."""

    revision: str | None
    rows: dict[str, int]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in self.rows.items() if count)
        return f"migration {self.revision}; rows: {told or 'none'}"


def tables(connection: sa.Connection) -> list[sa.Table]:
    """Return the tables as they are in the database, without those of searching and Alembic."""
    names = [
        name
        for name in sa.inspect(connection).get_table_names()
        if is_of_models(name, "table", {}) and name != "alembic_version"
    ]
    metadata = sa.MetaData()
    metadata.reflect(connection, only=names, resolve_fks=False)
    return [metadata.tables[name] for name in sorted(names)]


def contents(connection: sa.Connection) -> Contents:
    """Return what the database holds."""
    count = sa.select(sa.func.count())
    rows = {
        table.name: connection.scalar(count.select_from(table)) or 0 for table in tables(connection)
    }
    return Contents(revision(connection), rows)


def revision(connection: sa.Connection) -> str | None:
    """Return the migration at which the database stands, or None without any."""
    return MigrationContext.configure(connection).get_current_revision()


def problems(connection: sa.Connection) -> list[str]:
    """Return a line for each thing that is broken in the database itself."""
    if connection.dialect.name == "sqlite":
        try:
            told = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        except sa.exc.DatabaseError as error:
            return [str(error.orig)]
        return [line for line in told if line != "ok"] + [
            f"a row of {row[0]} points to one of {row[2]} that is not there" for row in lost[:5]
        ]
    invalid = (
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " WHERE NOT indisvalid AND pg_table_is_visible(indexrelid)"
    )
    names = connection.exec_driver_sql(invalid).scalars()
    return [f"the index {name} is not valid: REINDEX it" for name in names]
