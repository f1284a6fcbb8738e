"""Data of an old schema, on its way to the newest one."""

import importlib
import unittest
from datetime import UTC, datetime

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import upgrade
from app.models.posts.post import Mention, Post, Tag
from app.tests.support.base import Browser, TestCase, settings
from app.tests.support.data.schema import differences
from app.tests.support.programs.processes import TEST_SERVER, fresh_database

# Bodies, and what each has to carry afterwards: tags, and what may be nicknames.
BODIES = (
    ("nothing at all", [], []),
    ("a # b @ c and 3 > 2", [], []),
    ("#Flask and #flask, by @Susan", ["flask"], ["susan"]),
    ("see @susan.", [], ["susan", "susan."]),
    ("#été in #Улица #हिन्दी", ["été", "улица", "हिन्दी"], []),
    ("#1 is no tag, #1st is", ["1st"], []),
    ("write to me@example.com, see https://example.com/#part", [], []),
    ("@john\n#two_words?", ["two_words"], ["john"]),
    ("#" + "x" * 65 + " #" + "y" * 64, ["y" * 64], []),
)


class OldDatabaseTestCase(TestCase):
    """A database of an older schema, with john, susan and posts of john's."""

    def setUp(self):
        super().setUp()
        self.old = create_app(**settings(DATABASE_URL=fresh_database(self)))
        context = self.old.app_context()
        context.push()
        self.addCleanup(context.pop)
        self.addCleanup(db.engine.dispose)
        self.addCleanup(db.session.remove)

    def execute(self, statement: str, rows=None) -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.text(statement), rows)

    def write_under(self, revision: str, bodies) -> None:
        """Fill a database of this revision, as the site of that day did, with posts of john."""
        flask_migrate.upgrade(revision=revision)
        for name in ("john", "susan"):
            self.execute(
                'INSERT INTO "user" (nickname, nickname_key, about_me, last_seen, avatar_seed)'
                " VALUES (:name, :name, '', '2026-01-01 00:00:00', '')",
                {"name": name},
            )
        if not bodies:
            return
        self.execute(
            "INSERT INTO post (body, timestamp, user_id)"
            " SELECT :body, '2026-01-01 00:00:00', id FROM \"user\" WHERE nickname = 'john'",
            [{"body": body} for body in bodies],
        )


class WordsOfOldPostsTests(OldDatabaseTestCase):
    """Tags and mentions of posts written before there were any."""

    def words(self) -> list[tuple[str, list[str], list[str]]]:
        """Return each post with its tags and mentions, the oldest first."""
        db.session.rollback()
        found = [
            (
                post.body,
                sorted(db.session.scalars(sa.select(Tag.name).where(Tag.post_id == post.id))),
                sorted(
                    db.session.scalars(
                        sa.select(Mention.nickname_key).where(Mention.post_id == post.id)
                    )
                ),
            )
            for post in db.session.execute(sa.select(Post.id, Post.body).order_by(Post.id)).all()
        ]
        # Or else the tables that are changed would wait for this reader.
        db.session.rollback()
        return found

    def test_they_are_there_after_the_upgrade_from_the_first_schema(self):
        self.write_under("0001", [body for body, *_ in BODIES])
        upgrade(self.old)
        self.assertEqual(self.words(), [(body, sorted(t), sorted(m)) for body, t, m in BODIES])
        visitor = Browser(self.old)
        visitor.get("/tag/flask")
        self.assertIn("#Flask", visitor.page.links)
        self.assertTrue(visitor.page.links["@Susan"].endswith("/user/susan"))

    def test_more_posts_than_a_piece_holds(self):
        piece = migration("0004_words_of_old_posts").PIECE
        count = 2 * piece + 1
        self.write_under("0001", ["#many"] * count)
        upgrade(self.old)
        posts = sa.select(sa.func.count()).select_from(Tag).where(Tag.name == "many")
        self.assertEqual(db.session.scalar(posts), count)

    def test_posts_that_have_words_keep_them_and_a_second_time_changes_nothing(self):
        self.write_under("0003", ["#kept", "@kept", "#lost @lost"])
        first, second, _ = db.session.scalars(sa.select(Post.id).order_by(Post.id)).all()
        db.session.rollback()
        self.execute("INSERT INTO tag (name, post_id) VALUES ('other', :id)", {"id": first})
        self.execute(
            "INSERT INTO mention (nickname_key, post_id) VALUES ('other', :id)", {"id": second}
        )
        expected = [
            ("#kept", ["other"], []),
            ("@kept", [], ["other"]),
            ("#lost @lost", ["lost"], ["lost"]),
        ]
        upgrade(self.old)
        self.assertEqual(self.words(), expected)
        flask_migrate.downgrade(revision="0003")
        self.assertEqual(self.words(), expected)
        upgrade(self.old)
        self.assertEqual(self.words(), expected)


class ConversationsOfOldPostsTests(OldDatabaseTestCase):
    """Which conversation posts belong to that were written without knowing of any."""

    def conversations(self) -> list[tuple[int, int | None, int | None]]:
        with db.engine.connect() as connection:
            columns = Post.id, Post.reply_to_id, Post.thread_id
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(Post.id))]

    def write(self, *ids: int) -> None:
        """Write posts as the site of the day before it knew of conversations."""
        self.execute(
            "INSERT INTO post (id, body, timestamp, user_id) VALUES (:id, 'x', :moment, 1)",
            [{"id": post_id, "moment": datetime(2026, 1, 1, tzinfo=UTC)} for post_id in ids],
        )

    def test_every_old_post_begins_its_own_in_however_many_pieces(self):
        piece = migration("0015_conversations_of_old_posts").PIECE
        self.write_under("0011", [])
        # Those below 0 were brought along.
        ids = [*range(-3, 0), *range(1, piece + 3), 5 * piece]
        self.write(*ids)
        upgrade(self.old)
        self.assertEqual(self.conversations(), [(one, None, one) for one in ids])

    def test_the_release_before_goes_on_writing(self):
        self.write_under("0011", [])
        upgrade(self.old)
        self.write(-1, 5)
        self.execute(
            "INSERT INTO post (body, timestamp, user_id) SELECT body, timestamp, 1 FROM post"
        )
        rows = self.conversations()
        self.assertEqual(len(rows), 4)
        for post_id, reply_to_id, thread_id in rows:
            self.assertEqual((reply_to_id, thread_id), (None, post_id))

    def test_once_stopped_in_the_middle_it_begins_anew(self):
        self.write_under("0014", ["one", "two"])
        self.execute("UPDATE post SET thread_id = NULL")
        self.execute("CREATE INDEX ix_post_reply_to_id ON post (body)")
        upgrade(self.old)
        self.assertEqual([thread for _, _, thread in self.conversations()], [1, 2])
        with db.engine.connect() as connection:
            self.assertEqual(differences(connection), [])


@unittest.skipUnless(TEST_SERVER, "SQLite has one who writes at a time")
class FillingTests(OldDatabaseTestCase):
    """What is filled while people go on, and, once stopped in the middle, anew."""

    def upgrade_beside(self, filling: str, *deeds: str) -> None:
        """Upgrade, be stopped at the second piece, and do it again.

        Before each piece until then `deeds` are done, on a connection that waits for no lock.
        """
        others = sa.create_engine(db.engine.url, poolclass=sa.pool.NullPool)
        pieces = []

        def use(connection, cursor, statement, *rest) -> None:
            if filling not in statement:
                return
            pieces.append(statement)
            if len(pieces) > 2:
                return
            with others.begin() as other:
                other.exec_driver_sql("SET LOCAL lock_timeout = 1")
                for deed in deeds:
                    other.exec_driver_sql(deed)
            if len(pieces) == 2:
                raise ZeroDivisionError

        sa.event.listen(db.engine, "before_cursor_execute", use)
        with self.assertRaises(ZeroDivisionError):
            upgrade(self.old)
        upgrade(self.old)
        self.assertEqual(len(pieces), 2 + 3)
        with db.engine.connect() as connection:
            self.assertEqual(differences(connection), [])

    def numbers(self, query: str) -> list[int]:
        with db.engine.connect() as connection:
            return list(connection.exec_driver_sql(query).one())

    def test_the_index_of_posts(self):
        count = 2 * migration("0002_reading_each_other").PIECE + 1
        self.write_under("0001", ["one", "two", *["more"] * (count - 2)])
        self.upgrade_beside(
            "INSERT INTO post_search SELECT",
            "SELECT * FROM post LIMIT 1",
            "UPDATE post SET body = body || ' edited' WHERE id = 1",
            "DELETE FROM post WHERE id = 2",
            "INSERT INTO post (body, timestamp, user_id) VALUES ('new', now(), 1)",
        )
        expected = [count - 1 + 2, 1, 2]
        found = "SELECT count(*), sum((document @@ 'edited')::int), sum((document @@ 'new')::int)"
        self.assertEqual(self.numbers(f"{found} FROM post_search"), expected)

    def test_the_proofs_of_sign_ins(self):
        self.write_under("0004", [])
        piece = migration("0005_known_sign_ins").PIECE
        self.execute(
            "INSERT INTO identity (identifier, user_id, last_used) VALUES ('https://j/', 1, now())"
        )
        sign_in = (
            "INSERT INTO sign_in (token_hash, user_id, remembered, browser, began, last_used)"
            " SELECT {}, 1, true, '', '2026-01-01', now()"
        )
        self.execute(sign_in.format("number") + f" FROM generate_series(1, {2 * piece + 1}) number")
        self.upgrade_beside(
            "UPDATE sign_in SET proved",
            "SELECT * FROM sign_in LIMIT 1",
            "UPDATE sign_in SET last_used = now() WHERE id = 1",
            sign_in.format("count(*) + 1") + " FROM sign_in",
        )
        found = "SELECT count(*), sum((proved = began)::int), count(identity_id) FROM sign_in"
        self.assertEqual(self.numbers(found), [2 * piece + 1 + 2] * 3)


def migration(name: str):
    return importlib.import_module(f"app.migrations.versions.{name}")
