"""Followers, edited posts, tags and mentions, and the search index with its triggers.

On PostgreSQL the index is filled in pieces, beside those who read and write. Once stopped in the
middle, that begins anew and finds what is done.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)
PIECE = 2000
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# The index of SQLite keeps no text of its own: it points into the table of posts.
# What leaves it has to be told what it held.
SQLITE = (
    """CREATE VIRTUAL TABLE post_search USING fts5(
        body, content='post', content_rowid='id',
        tokenize="unicode61 remove_diacritics 2", prefix='2 3'
    )""",
    """CREATE TRIGGER post_search_insert AFTER INSERT ON post BEGIN
        INSERT INTO post_search (rowid, body) VALUES (new.id, new.body);
    END""",
    """CREATE TRIGGER post_search_delete AFTER DELETE ON post BEGIN
        INSERT INTO post_search (post_search, rowid, body) VALUES ('delete', old.id, old.body);
    END""",
    """CREATE TRIGGER post_search_update AFTER UPDATE OF body ON post BEGIN
        INSERT INTO post_search (post_search, rowid, body) VALUES ('delete', old.id, old.body);
        INSERT INTO post_search (rowid, body) VALUES (new.id, new.body);
    END""",
    "INSERT INTO post_search (post_search) VALUES ('rebuild')",
)
# Words are what stands between ASCII punctuation, without accents, as in FTS5: the parser
# of PostgreSQL would keep example.com as one.
DOCUMENT = r"""to_tsvector('simple', regexp_replace(
        regexp_replace(normalize({body}, NFKD), '[\u0300-\u036f]', '', 'g'),
        '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'
    ))"""
POSTGRESQL = (
    """CREATE TABLE post_search (
        post_id bigint PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
        document tsvector NOT NULL
    )""",
    "CREATE INDEX ix_post_search_document ON post_search USING gin (document)",
    f"""CREATE FUNCTION post_search_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO post_search VALUES (new.id, {DOCUMENT.format(body="new.body")})
        ON CONFLICT (post_id) DO UPDATE SET document = excluded.document;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER post_search_update AFTER INSERT OR UPDATE OF body ON post
    FOR EACH ROW EXECUTE FUNCTION post_search_update()""",
)
END = sa.text(
    f"SELECT max(id) FROM (SELECT id FROM post WHERE id > :last ORDER BY id LIMIT {PIECE}) AS piece"
)
# A post that is deleted meanwhile is left out, and one that is edited is up to the trigger.
FILL = sa.text(
    f"""INSERT INTO post_search SELECT id, {DOCUMENT.format(body="body")} FROM post
    WHERE id > :last AND id <= :end FOR KEY SHARE ON CONFLICT DO NOTHING"""
)


def upgrade() -> None:
    if not sa.inspect(op.get_bind()).has_table("post_search"):
        _make_tables()
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            connection, last = op.get_bind(), -(2**63)
            while end := connection.scalar(END, {"last": last}):
                connection.execute(FILL, {"last": last, "end": end})
                last = end


def _make_tables() -> None:
    op.create_table(
        "followers",
        sa.Column("follower_id", sa.Integer, nullable=False),
        sa.Column("followed_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name="pk_followers"),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["user.id"], name="fk_followers_follower_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["followed_id"], ["user.id"], name="fk_followers_followed_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_followers_followed_id_follower_id", "followers", ["followed_id", "follower_id"]
    )
    # Adding a column copies no table, so the triggers below are not lost to it.
    op.add_column("post", sa.Column("edited", INSTANT))
    op.create_table(
        "tag",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("name", "post_id", name="pk_tag"),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name="fk_tag_post_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_tag_post_id", "tag", ["post_id"])
    op.create_table(
        "mention",
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.Column("nickname_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("post_id", "nickname_key", name="pk_mention"),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name="fk_mention_post_id", ondelete="CASCADE"
        ),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER post_search_{name}")
    else:
        op.execute("DROP TRIGGER post_search_update ON post")
        op.execute("DROP FUNCTION post_search_update")
    op.execute("DROP TABLE post_search")
    op.drop_table("mention")
    op.drop_table("tag")
    op.drop_column("post", "edited")
    op.drop_table("followers")
