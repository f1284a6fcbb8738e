"""How many follow a user, and how many the user follows, kept by triggers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

COUNTS = {"follower_count": "followed_id", "following_count": "follower_id"}
# Of rows that come or go.
CHANGES = {"insert": ("new", "+"), "delete": ("old", "-")}


def _sqlite(event: str) -> list[str]:
    row, sign = CHANGES[event]
    changes = "".join(
        f"UPDATE user SET {count} = {count} {sign} 1 WHERE id = {row}.{column};"
        for count, column in COUNTS.items()
    )
    return [
        f"CREATE TRIGGER followers_count_{event} AFTER {event} ON followers BEGIN {changes} END"
    ]


def _postgresql(event: str) -> list[str]:
    # Once for all rows of a statement: a row that a transaction changes over and over gets slower
    # each time. Those of users are taken in the order of their ids, so that two who follow each
    # other at once do not wait for one another.
    row, sign = CHANGES[event]
    return [
        f"""CREATE FUNCTION followers_count_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM FROM "user"
        WHERE id IN (SELECT followed_id FROM changed UNION ALL SELECT follower_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE "user" SET follower_count = follower_count {sign} counts.followers,
        following_count = following_count {sign} counts.following
        FROM (
            SELECT id, sum(follower) AS followers, sum(following) AS following FROM (
                SELECT followed_id AS id, 1 AS follower, 0 AS following FROM changed
                UNION ALL SELECT follower_id, 0, 1 FROM changed
            ) AS ends GROUP BY id
        ) AS counts WHERE "user".id = counts.id;
    RETURN NULL; END $$""",
        f"""CREATE TRIGGER followers_count_{event} AFTER {event} ON followers
    REFERENCING {row} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION followers_count_{event}()""",
    ]


def upgrade() -> None:
    for name in COUNTS:
        # Added to the table as it stands: to copy it would lose what other tables' keys hold.
        op.add_column("user", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    make = {"sqlite": _sqlite, "postgresql": _postgresql}[op.get_bind().dialect.name]
    for event in CHANGES:
        for statement in make(event):
            op.execute(statement)
    # From here on nobody else changes what is counted: a trigger takes its table for itself.
    filled = ", ".join(
        f'{name} = (SELECT count(*) FROM followers WHERE {column} = "user".id)'
        for name, column in COUNTS.items()
    )
    op.execute(f'UPDATE "user" SET {filled}')


def downgrade() -> None:
    for event in CHANGES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER followers_count_{event}")
        else:
            op.execute(f"DROP TRIGGER followers_count_{event} ON followers")
            op.execute(f"DROP FUNCTION followers_count_{event}()")
    for name in COUNTS:
        op.drop_column("user", name)
