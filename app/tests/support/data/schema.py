"""What a database looks like, and what it should look like."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app import db
from app.database.upgrade import is_of_models
from app.tests.support.programs.processes import TEST_SERVER

# Triggers that the migrations make. A migration that rebuilds a table on SQLite loses
# the table's triggers without a word, so each is named here.
TRIGGERS = {"followers_count_insert", "followers_count_delete", "post_search_update"}
TRIGGERS |= {"post_thread", "post_deleted"}
if not TEST_SERVER:
    TRIGGERS |= {"post_search_insert", "post_search_delete"}


def differences(connection) -> list:
    """Return what Alembic would have to change to turn this schema into that of the models."""
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_name": is_of_models,
        },
    )
    return compare_metadata(context, db.metadata)


def triggers(connection) -> set[str]:
    of_sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    of_postgresql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    name = connection.dialect.name
    return set(
        connection.execute(sa.text(of_sqlite if name == "sqlite" else of_postgresql)).scalars()
    )
