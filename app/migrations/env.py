"""How Alembic reaches the database: through the application that runs the migration."""

from alembic import context
from flask import current_app

from app.database.engine import patient, unhurried
from app.database.upgrade import LOCK_MILLISECONDS, is_of_models

database = current_app.extensions["migrate"].db


def run_migrations() -> None:
    # Another database than the site's own, when one is made or restored.
    engine = context.config.attributes.get("engine", database.engine)
    # A migration reads before it writes: SQLite has to know from the beginning that it will.
    with engine.connect().execution_options(writes=True) as connection, patient(connection):
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            # SQLite cannot alter most of a table, so Alembic copies it.
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            include_name=is_of_models,
            # Others write between two of them.
            transaction_per_migration=True,
        )
        if connection.dialect.name == "postgresql":
            # Whoever comes after a statement that waits for a lock waits too: it gives way, and
            # upgrade() tries again.
            connection.exec_driver_sql(f"SET lock_timeout = {LOCK_MILLISECONDS}")
            connection.commit()
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations here need a database; --sql is not supported.")
with unhurried():
    run_migrations()
