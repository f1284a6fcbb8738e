"""Names and OpenIDs that nobody new may take."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reserved_name",
        sa.Column("nickname_key", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.PrimaryKeyConstraint("nickname_key", name="pk_reserved_name"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_reserved_name_user_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_reserved_name_user_id", "reserved_name", ["user_id"])
    op.create_table(
        "refused_identifier",
        sa.Column("identifier_hash", sa.String(64), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("identifier_hash", name="pk_refused_identifier"),
    )


def downgrade() -> None:
    for table in ("refused_identifier", "reserved_name"):
        op.drop_table(table)
