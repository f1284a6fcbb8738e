"""What began a sign-in, when it was proved and from where; when OpenIDs were added.

On PostgreSQL that is filled in pieces, beside those who read and write, and begins anew when it was
stopped in the middle.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

PIECE = 2000
INSTANT = sa.DateTime(timezone=True)
# Before this it was not kept. Whoever has one OpenID began with it, and with a proof of it.
FILL = """
    UPDATE sign_in SET proved = began, identity_id = (
        SELECT max(identity.id) FROM identity WHERE identity.user_id = sign_in.user_id
        HAVING count(*) = 1
    )
"""
END = sa.text(
    "SELECT max(id) FROM"
    f" (SELECT id FROM sign_in WHERE id > :last ORDER BY id LIMIT {PIECE}) AS piece"
)
FILL_PIECE = sa.text(f"{FILL} WHERE id > :last AND id <= :end")


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    if "added" not in {column["name"] for column in sa.inspect(connection).get_columns("identity")}:
        _add_columns(None if is_sqlite else sa.func.now())
    if is_sqlite:
        op.execute(FILL)
    else:
        with op.get_context().autocommit_block():
            connection, last = op.get_bind(), 0
            while end := connection.scalar(END, {"last": last}):
                connection.execute(FILL_PIECE, {"last": last, "end": end})
                last = end
    with op.batch_alter_table("sign_in") as table:
        table.alter_column("proved", existing_type=INSTANT, nullable=False, server_default=None)
        table.create_index("ix_sign_in_identity_id", ["identity_id"])
        table.create_index("ix_sign_in_account_sign_in_id", ["account_sign_in_id"])


def _add_columns(begins_proved) -> None:
    op.add_column("identity", sa.Column("added", INSTANT))
    # Nothing points at the table of sign-ins, so that SQLite may build it anew.
    with op.batch_alter_table("sign_in") as table:
        table.add_column(sa.Column("identity_id", sa.Integer))
        # For those whom the release before signs in while it is filled.
        table.add_column(sa.Column("proved", INSTANT, server_default=begins_proved))
        table.add_column(sa.Column("account_sign_in_id", sa.Integer))
        table.create_foreign_key(
            "fk_sign_in_identity_id", "identity", ["identity_id"], ["id"], ondelete="CASCADE"
        )
        table.create_foreign_key(
            "fk_sign_in_account_sign_in_id",
            "account_sign_in",
            ["account_sign_in_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    with op.batch_alter_table("sign_in") as table:
        table.drop_index("ix_sign_in_account_sign_in_id")
        table.drop_index("ix_sign_in_identity_id")
        table.drop_constraint("fk_sign_in_account_sign_in_id", type_="foreignkey")
        table.drop_constraint("fk_sign_in_identity_id", type_="foreignkey")
        table.drop_column("account_sign_in_id")
        table.drop_column("proved")
        table.drop_column("identity_id")
    op.drop_column("identity", "added")
