"""The nicknames in the order of their letters' codes, in which search looks for beginnings."""

from alembic import op

revision = "0013"
down_revision = "0012"

# SQLite's own index of the column is in this order. The models do not know this one, which
# Alembic would not compare: it is an expression.
NAME = "ix_user_nickname_key_in_order"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'CREATE INDEX {NAME} ON "user" (nickname_key COLLATE "C")')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP INDEX {NAME}")
