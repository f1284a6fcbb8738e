"""Whether a post answers one, in the index in which home looks for posts."""

from alembic import op

revision = "0020"
down_revision = "0019"

BEFORE, AFTER = "ix_post_user_id_id", "ix_post_user_id_id_reply_to_id"


def _replace(old: str, new: str, columns: list[str]) -> None:
    # Beside those who write; what is left of one that was stopped is no index.
    with op.get_context().autocommit_block():
        op.drop_index(new, "post", if_exists=True)
        op.create_index(new, "post", columns, postgresql_concurrently=True)
        op.drop_index(old, "post", if_exists=True)


def upgrade() -> None:
    _replace(BEFORE, AFTER, ["user_id", "id", "reply_to_id"])


def downgrade() -> None:
    _replace(AFTER, BEFORE, ["user_id", "id"])
