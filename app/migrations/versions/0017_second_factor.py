"""A code after the password at our own provider."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_second_factor"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_second_factor_account_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint(
            "account_id", "code_hash", name="uq_recovery_code_account_id_code_hash"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_recovery_code_account_id", ondelete="CASCADE"
        ),
    )
    # What the release before begins is of one step alone, and counts as that.
    op.add_column(
        "account_sign_in",
        sa.Column("with_code", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    # Sites that ask for it are asked for the password alone again.
    op.drop_column("account_sign_in", "with_code")
    for table in ("recovery_code", "second_factor"):
        op.drop_table(table)
