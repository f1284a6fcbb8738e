"""The address that the OpenIDs of this site's own accounts carry."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "site_address",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site_address"),
    )


def downgrade() -> None:
    op.drop_table("site_address")
