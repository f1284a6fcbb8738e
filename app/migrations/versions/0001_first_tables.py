"""Users, their OpenIDs, sign-ins and posts; associations and nonces; accounts of the provider."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("nickname", sa.String(64), nullable=False),
        sa.Column("nickname_key", sa.String(64), nullable=False),
        sa.Column("email", sa.String(120)),
        sa.Column("about_me", sa.String(140), nullable=False),
        sa.Column("last_seen", INSTANT, nullable=False),
        sa.Column("avatar_seed", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("nickname_key", name="uq_user_nickname_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("identifier", sa.String(400), nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("last_used", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("identifier", name="uq_identity_identifier"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_identity_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("remembered", sa.Boolean, nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
        sa.Column("began", INSTANT, nullable=False),
        sa.Column("last_used", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_token_hash"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_sign_in_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_sign_in_user_id", "sign_in", ["user_id"])
    op.create_table(
        "post",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("body", sa.String(140), nullable=False),
        sa.Column("timestamp", INSTANT, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_post"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_post_user_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_post_user_id_id", "post", ["user_id", "id"])
    op.create_table(
        "association",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("endpoint_key", sa.String(64), nullable=False),
        sa.Column("handle", sa.String(255), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("lifetime", sa.Integer, nullable=False),
        sa.Column("assoc_type", sa.String(64), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_association"),
    )
    op.create_index("ix_association_endpoint_key", "association", ["endpoint_key"])
    op.create_index("ix_association_expires", "association", ["expires"])
    op.create_table(
        "nonce",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_nonce"),
    )
    op.create_index("ix_nonce_timestamp", "nonce", ["timestamp"])
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("email", sa.String(120)),
        sa.Column("deleted", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("username_key", name="uq_account_username_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_sign_in",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("began", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_sign_in"),
        sa.UniqueConstraint("token_hash", name="uq_account_sign_in_token_hash"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_sign_in_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_account_sign_in_account_id", "account_sign_in", ["account_id"])
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("realm", sa.String(500), nullable=False),
        sa.Column("given", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.UniqueConstraint("account_id", "realm", name="uq_consent_account_id_realm"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_consent_account_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "pending_request",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("verified", sa.Boolean),
        sa.Column("began", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending_request"),
        sa.UniqueConstraint("token_hash", name="uq_pending_request_token_hash"),
    )
    op.create_index("ix_pending_request_began", "pending_request", ["began"])


def downgrade() -> None:
    for table in (
        "pending_request",
        "consent",
        "account_sign_in",
        "account",
        "nonce",
        "association",
        "post",
        "sign_in",
        "identity",
        "user",
    ):
        op.drop_table(table)
