"""Replies: which post one answers, and the first post of its conversation.

Posts of the site before this one, which may still run, get their conversation from a trigger.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# A deleted post keeps its place while there are replies to it.
KEEP = """INSERT INTO deleted_post (id, thread_id)
        SELECT old.id, coalesce(old.thread_id, old.id)
        WHERE EXISTS (SELECT 1 FROM post WHERE reply_to_id = old.id)
        ON CONFLICT (id) DO NOTHING;
    DELETE FROM deleted_post WHERE id = old.reply_to_id
        AND NOT EXISTS (SELECT 1 FROM post WHERE reply_to_id = old.reply_to_id);"""
SQLITE = (
    """CREATE TRIGGER post_thread AFTER INSERT ON post WHEN new.thread_id IS NULL BEGIN
    UPDATE post SET thread_id = new.id WHERE id = new.id;
END""",
    f"CREATE TRIGGER post_deleted AFTER DELETE ON post BEGIN\n    {KEEP}\nEND",
)
POSTGRESQL = (
    """CREATE FUNCTION post_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.thread_id := coalesce(new.thread_id, new.id);
    RETURN new;
END $$""",
    """CREATE TRIGGER post_thread BEFORE INSERT ON post
FOR EACH ROW EXECUTE FUNCTION post_thread()""",
    f"""CREATE FUNCTION post_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {KEEP}
    RETURN NULL;
END $$""",
    """CREATE TRIGGER post_deleted AFTER DELETE ON post
FOR EACH ROW EXECUTE FUNCTION post_deleted()""",
)


def upgrade() -> None:
    # Adding columns copies no table, so the triggers of the search index stay.
    op.add_column("post", sa.Column("reply_to_id", BIG_ID))
    op.add_column("post", sa.Column("thread_id", BIG_ID))
    op.create_table(
        "deleted_post",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("thread_id", BIG_ID, nullable=False),
        sa.Column("by_moderator", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_post"),
    )
    op.create_index("ix_deleted_post_thread_id_id", "deleted_post", ["thread_id", "id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("thread", "deleted"):
            op.execute(f"DROP TRIGGER post_{name}")
    else:
        for name in ("thread", "deleted"):
            op.execute(f"DROP TRIGGER post_{name} ON post")
            op.execute(f"DROP FUNCTION post_{name}")
    op.drop_table("deleted_post")
    for column in ("thread_id", "reply_to_id"):
        op.drop_column("post", column)
