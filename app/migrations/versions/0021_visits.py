"""When a user was here before this visit."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("user", sa.Column("seen_before", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("user", "seen_before")
