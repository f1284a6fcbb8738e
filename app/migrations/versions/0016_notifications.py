"""Notifications of what people do, and how one hears of them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INSTANT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.add_column(sa.Column("actor_id", sa.Integer))
        table.add_column(sa.Column("post_id", BIG_ID))
        table.add_column(sa.Column("alike", sa.String(32)))
        table.add_column(sa.Column("letter_id", sa.Integer))
        for column, to in (("actor_id", "user"), ("post_id", "post")):
            name = f"fk_notification_{column}"
            table.create_foreign_key(name, to, [column], ["id"], ondelete="CASCADE")
    op.create_index("ix_notification_actor_id", "notification", ["actor_id"])
    op.create_index(
        "ix_notification_post_id_user_id", "notification", ["post_id", "user_id"], unique=True
    )
    op.create_table(
        "conversation_choice",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("thread_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hears", sa.Boolean, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "thread_id", name="pk_conversation_choice"),
        _user("conversation_choice"),
    )
    op.create_index(
        "ix_conversation_choice_thread_id_user_id",
        "conversation_choice",
        ["thread_id", "user_id"],
    )
    op.create_table(
        "private_feed",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_private_feed"),
        sa.UniqueConstraint("token_hash", name="uq_private_feed_token_hash"),
        _user("private_feed"),
    )
    op.create_table(
        "mail_choice",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("pace", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_mail_choice"),
        _user("mail_choice"),
    )
    op.create_table(
        "notification_letter",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("claimed", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification_letter"),
        _user("notification_letter"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notification_letter_user_id", "notification_letter", ["user_id"])


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["user.id"], name=f"fk_{table}_user_id", ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("notification_letter", "mail_choice", "private_feed", "conversation_choice"):
        op.drop_table(table)
    # To the version before these would say nothing.
    op.execute("DELETE FROM notification WHERE text = '' OR kind = 'sign-in'")
    op.drop_index("ix_notification_post_id_user_id", "notification")
    op.drop_index("ix_notification_actor_id", "notification")
    with op.batch_alter_table("notification") as table:
        for column in ("post_id", "actor_id"):
            table.drop_constraint(f"fk_notification_{column}", type_="foreignkey")
        for column in ("letter_id", "alike", "post_id", "actor_id"):
            table.drop_column(column)
