"""Bodies of posts in the composed form (NFC), as forms keep them, so that search finds them."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

LONGEST_BODY = 140
CHUNK = 1000
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

post = sa.table("post", sa.column("id", BIG_ID), sa.column("body", sa.String(LONGEST_BODY)))
UPDATE = (
    sa.update(post)
    .where(post.c.id == sa.bindparam("post_id"))
    .values(body=sa.bindparam("composed"))
)


def upgrade() -> None:
    # The triggers of the table bring the search index along.
    connection = op.get_bind()
    bodies = sa.select(post).order_by(post.c.id).limit(CHUNK)
    rows = connection.execute(bodies).all()
    while rows:
        changes = [
            {"post_id": row.id, "composed": composed}
            for row in rows
            if (composed := unicodedata.normalize("NFC", row.body)) != row.body
            # A few letters have no composed form and take more room without one.
            and len(composed) <= LONGEST_BODY
        ]
        if changes:
            connection.execute(UPDATE, changes)
        # What is done stays so, and others may write.
        with op.get_context().autocommit_block():
            pass
        rows = connection.execute(bodies.where(post.c.id > rows[-1].id)).all()


def downgrade() -> None:
    """Nothing to undo: both forms are the same text."""
