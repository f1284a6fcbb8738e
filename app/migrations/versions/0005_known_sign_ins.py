"""What began a sign-in, when it was proved and from where; when OpenIDs were added."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)
# Before this it was not kept. Whoever has one OpenID began with it, and with a proof of it.
FILL = """
    UPDATE sign_in SET proved = began, identity_id = (
        SELECT max(identity.id) FROM identity WHERE identity.user_id = sign_in.user_id
        HAVING count(*) = 1
    )
"""


def upgrade() -> None:
    # Nothing points at the table of sign-ins, so that SQLite may build it anew.
    op.add_column("identity", sa.Column("added", INSTANT))
    with op.batch_alter_table("sign_in") as table:
        table.add_column(sa.Column("identity_id", sa.Integer))
        table.add_column(sa.Column("proved", INSTANT))
        table.add_column(sa.Column("account_sign_in_id", sa.Integer))
    op.execute(FILL)
    with op.batch_alter_table("sign_in") as table:
        table.alter_column("proved", existing_type=INSTANT, nullable=False)
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
        table.create_index("ix_sign_in_identity_id", ["identity_id"])
        table.create_index("ix_sign_in_account_sign_in_id", ["account_sign_in_id"])


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
