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
        for column, to in (("actor_id", "user"), ("post_id", "post")):
            name = f"fk_notification_{column}"
            table.create_foreign_key(name, to, [column], ["id"], ondelete="CASCADE")
    op.create_index("ix_notification_actor_id", "notification", ["actor_id"])
    op.create_index(
        "ix_notification_post_id_user_id", "notification", ["post_id", "user_id"], unique=True
    )


def downgrade() -> None:
    # To the version before these would say nothing.
    op.execute("DELETE FROM notification WHERE text = '' OR kind = 'sign-in'")
    op.drop_index("ix_notification_post_id_user_id", "notification")
    op.drop_index("ix_notification_actor_id", "notification")
    with op.batch_alter_table("notification") as table:
        for column in ("post_id", "actor_id"):
            table.drop_constraint(f"fk_notification_{column}", type_="foreignkey")
        for column in ("alike", "post_id", "actor_id"):
            table.drop_column(column)
