"""Reports, and what moderators do: hidden posts, suspensions, the log, notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

INSTANT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _user(table: str, column: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["user.id"], name=f"fk_{table}_{column}", ondelete=ondelete
    )


def upgrade() -> None:
    op.create_table(
        "hidden_post",
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.Column("reason", sa.String(140), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("post_id", name="pk_hidden_post"),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name="fk_hidden_post_post_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "suspension",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(140), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("appeal", sa.String(500)),
        sa.Column("appealed", INSTANT),
        sa.Column("appeal_closed", INSTANT),
        sa.PrimaryKeyConstraint("user_id", name="pk_suspension"),
        _user("suspension", "user_id", "CASCADE"),
    )
    op.create_index("ix_suspension_until", "suspension", ["until"])
    op.create_table(
        "action",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("moderator_id", sa.Integer),
        sa.Column("moderator_name", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer),
        sa.Column("post_id", BIG_ID),
        sa.Column("reason", sa.String(140), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("lifted", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
        _user("action", "moderator_id", "SET NULL"),
        _user("action", "user_id", "SET NULL"),
    )
    op.create_index("ix_action_user_id", "action", ["user_id"])
    op.create_table(
        "report",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("reporter_id", sa.Integer),
        sa.Column("thing", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("post_id", BIG_ID),
        sa.Column("body", sa.String(300), nullable=False),
        sa.Column("choice", sa.String(16), nullable=False),
        sa.Column("sentence", sa.String(140), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("closed", INSTANT),
        sa.Column("outcome", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("reporter_id", "thing", name="uq_report_reporter_id_thing"),
        _user("report", "reporter_id", "SET NULL"),
        _user("report", "user_id", "CASCADE"),
    )
    op.create_index("ix_report_thing", "report", ["thing"])
    op.create_index("ix_report_user_id", "report", ["user_id"])
    op.create_index("ix_report_closed", "report", ["closed"])
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("read", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        _user("notification", "user_id", "CASCADE"),
    )
    op.create_index("ix_notification_user_id_read", "notification", ["user_id", "read"])


def downgrade() -> None:
    for table in ("notification", "report", "action", "suspension", "hidden_post"):
        op.drop_table(table)
