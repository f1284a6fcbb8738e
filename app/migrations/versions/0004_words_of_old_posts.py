"""Tags and mentions of posts that are older than the tables of both."""

import re
import unicodedata
from itertools import takewhile

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

PIECE = 1000
MAX_TAG = 64
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

post = sa.table("post", sa.column("id", BIG_ID), sa.column("body", sa.String(140)))
tag = sa.table("tag", sa.column("name", sa.String(MAX_TAG)), sa.column("post_id", BIG_ID))
mention = sa.table(
    "mention", sa.column("post_id", BIG_ID), sa.column("nickname_key", sa.String(64))
)

# A copy of what app/markup.py finds in the posts written on the day of this migration: what
# that may become later must not change what this one did.
TOKEN = re.compile(
    r"""(?P<url> (?<![\w/]) https?://[^\s<>"`{}|\\^\x00-\x1f\x7f]+ )
      | (?P<mention> (?<![\w@/.]) @[A-Za-z0-9_.-]{1,64}+ (?![\w.-]) )
      | (?P<tag> (?<![\w&/#]) \#[^\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]+ )""",
    re.VERBOSE | re.IGNORECASE,
)


def upgrade() -> None:
    connection = op.get_bind()
    has_words = sa.or_(
        sa.exists().where(tag.c.post_id == post.c.id),
        sa.exists().where(mention.c.post_id == post.c.id),
    )
    may_have_some = sa.or_(post.c.body.contains("#"), post.c.body.contains("@"))
    # Locked until the piece is done, so that on PostgreSQL nobody edits or deletes them
    # meanwhile; SQLite lets nobody else write at all.
    bodies = (
        sa.select(post)
        .where(~has_words, may_have_some)
        .order_by(post.c.id)
        .limit(PIECE)
        .with_for_update(of=post)
    )
    rows = connection.execute(bodies).all()
    while rows:
        tags = [{"name": name, "post_id": row.id} for row in rows for name in tags_of(row.body)]
        mentions = [
            {"nickname_key": key, "post_id": row.id}
            for row in rows
            for key in mentions_in(row.body)
        ]
        for table, found in ((tag, tags), (mention, mentions)):
            if found:
                connection.execute(sa.insert(table), found)
        # What is done has words, and is left out when this begins anew.
        with op.get_context().autocommit_block():
            pass
        rows = connection.execute(bodies.where(post.c.id > rows[-1].id)).all()


def downgrade() -> None:
    """Nothing to undo: the tables are as they were, and what is in them is true."""


def tags_of(text: str) -> set[str]:
    runs = (token["tag"][1:] for token in TOKEN.finditer(text) if token["tag"])
    return {key for run in runs if (key := tag_key("".join(takewhile(is_of_tags, run))))}


def tag_key(name: str) -> str | None:
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    if not 1 <= len(key) <= MAX_TAG or not all(map(is_of_tags, key)):
        return None
    return key if any(unicodedata.category(character)[0] == "L" for character in key) else None


def is_of_tags(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LNM"


def mentions_in(text: str) -> set[str]:
    written = [token["mention"][1:] for token in TOKEN.finditer(text) if token["mention"]]
    names = {name for full in written for name in (full, full.rstrip(".-_"))}
    return {name.lower() for name in names if name}
