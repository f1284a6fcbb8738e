"""Confirmed mail addresses, and links that are mailed."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "confirmed_email",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("address", sa.String(120), nullable=False),
        sa.Column("address_key", sa.String(120), nullable=False),
        sa.Column("confirmed", INSTANT, nullable=False),
        sa.Column("tells_of_browsers", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("user_id", name="pk_confirmed_email"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_confirmed_email_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_confirmed_email_address_key", "confirmed_email", ["address_key"])
    op.create_table(
        "mailed_link",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("address_key", sa.String(120), nullable=False),
        sa.Column("address", sa.String(120), nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("used", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_mailed_link"),
        sa.UniqueConstraint("token_hash", name="uq_mailed_link_token_hash"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_mailed_link_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_mailed_link_account_id", ondelete="CASCADE"
        ),
    )
    for column in ("user_id", "address_key", "account_id"):
        op.create_index(f"ix_mailed_link_{column}", "mailed_link", [column])


def downgrade() -> None:
    op.drop_table("mailed_link")
    op.drop_table("confirmed_email")
