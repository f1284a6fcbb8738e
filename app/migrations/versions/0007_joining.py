"""Roles, since when members are here, invitations and applications."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("user", sa.Column("role", sa.String(16), nullable=False, server_default="member"))
    op.add_column("user", sa.Column("joined", INSTANT))
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("inviter_id", sa.Integer),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("used", INSTANT),
        sa.Column("user_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("token_hash", name="uq_invitation_token_hash"),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["user.id"], name="fk_invitation_inviter_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_invitation_user_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_invitation_inviter_id", "invitation", ["inviter_id"])
    op.create_index("ix_invitation_user_id", "invitation", ["user_id"])
    op.create_table(
        "application",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("identifier", sa.String(400), nullable=False),
        sa.Column("nickname", sa.String(64), nullable=False),
        sa.Column("email", sa.String(120)),
        sa.Column("reason", sa.String(140), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("refused", INSTANT),
        sa.Column("answer", sa.String(140), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_application"),
        sa.UniqueConstraint("identifier", name="uq_application_identifier"),
    )
    op.create_index("ix_application_address_hash", "application", ["address_hash"])


def downgrade() -> None:
    for table in ("application", "invitation"):
        op.drop_table(table)
    op.drop_column("user", "joined")
    op.drop_column("user", "role")
