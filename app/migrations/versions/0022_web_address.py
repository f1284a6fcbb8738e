"""A web address on the profile."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column(
        "user",
        sa.Column("web_address", sa.String(200), nullable=False, server_default=sa.text("''")),
    )


def downgrade() -> None:
    op.drop_column("user", "web_address")
