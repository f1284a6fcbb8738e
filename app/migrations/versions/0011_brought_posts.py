"""Posts that somebody brought along from another site."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "brought_post",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_brought_post"),
        sa.UniqueConstraint("user_id", "source", name="uq_brought_post_user_id_source"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_brought_post_user_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("brought_post")
