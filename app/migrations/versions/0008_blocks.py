"""Blocks between users."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("blocker_id", sa.Integer, nullable=False),
        sa.Column("blocked_id", sa.Integer, nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name="pk_block"),
        sa.ForeignKeyConstraint(
            ["blocker_id"], ["user.id"], name="fk_block_blocker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["user.id"], name="fk_block_blocked_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_block_blocked_id_blocker_id", "block", ["blocked_id", "blocker_id"])


def downgrade() -> None:
    op.drop_table("block")
