"""Data of an old schema, on its way to the newest one."""

import importlib

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import upgrade
from app.models.posts.post import Mention, Post, Tag
from app.tests.support.base import Browser, TestCase, settings
from app.tests.support.programs.processes import fresh_database

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


class WordsOfOldPostsTests(TestCase):
    """Tags and mentions of posts written before there were any."""

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
        self.execute(
            "INSERT INTO post (body, timestamp, user_id)"
            " SELECT :body, '2026-01-01 00:00:00', id FROM \"user\" WHERE nickname = 'john'",
            [{"body": body} for body in bodies],
        )

    def words(self) -> list[tuple[str, list[str], list[str]]]:
        """Give each post with its tags and mentions, the oldest first."""
        db.session.rollback()
        return [
            (
                post.body,
                sorted(db.session.scalars(sa.select(Tag.name).where(Tag.post_id == post.id))),
                sorted(
                    db.session.scalars(
                        sa.select(Mention.nickname_key).where(Mention.post_id == post.id)
                    )
                ),
            )
            for post in db.session.scalars(sa.select(Post).order_by(Post.id)).all()
        ]

    def test_they_are_there_after_the_upgrade_from_the_first_schema(self):
        self.write_under("0001", [body for body, *_ in BODIES])
        upgrade(self.old)
        self.assertEqual(self.words(), [(body, sorted(t), sorted(m)) for body, t, m in BODIES])
        visitor = Browser(self.old)
        visitor.get("/tag/flask")
        self.assertIn("#Flask", visitor.page.links)
        self.assertTrue(visitor.page.links["@Susan"].endswith("/user/susan"))

    def test_more_posts_than_a_piece_holds(self):
        migration = importlib.import_module("app.migrations.versions.0004_words_of_old_posts")
        count = 2 * migration.PIECE + 1
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
        # Or else the tables that are dropped would wait for this reader.
        db.session.rollback()
        flask_migrate.downgrade(revision="0003")
        self.assertEqual(self.words(), expected)
        upgrade(self.old)
        self.assertEqual(self.words(), expected)
