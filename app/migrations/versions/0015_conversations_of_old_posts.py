"""Old posts: each is the first of its own conversation; and the indexes of both columns.

In pieces, and on PostgreSQL beside those who write: none waits longer than for a piece. Once
stopped in the middle, it begins anew and finds what is done.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

PIECE = 10_000
INDEXES = {
    "ix_post_reply_to_id": ["reply_to_id"],
    "ix_post_thread_id_id": ["thread_id", "id"],
}
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

post = sa.table("post", sa.column("id", BIG_ID), sa.column("thread_id", BIG_ID))
LAST = sa.bindparam("last", type_=sa.BigInteger)
IDS = sa.select(post.c.id).where(post.c.id > LAST).order_by(post.c.id).limit(PIECE).subquery()
END = sa.select(sa.func.max(IDS.c.id))
UPDATE = (
    sa.update(post)
    .where(post.c.id > LAST, post.c.id <= sa.bindparam("end", type_=sa.BigInteger))
    .where(post.c.thread_id.is_(None))
    .values(thread_id=post.c.id)
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        if connection.dialect.name == "sqlite":
            # app/database/engine.py has begun a transaction even so.
            connection.exec_driver_sql("COMMIT")
        last = -(2**63)
        while end := connection.scalar(END, {"last": last}):
            connection.execute(UPDATE, {"last": last, "end": end})
            last = end
        for name, columns in INDEXES.items():
            # What is left of one that was stopped is no index.
            op.drop_index(name, "post", if_exists=True)
            op.create_index(name, "post", columns, postgresql_concurrently=True)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "post")
