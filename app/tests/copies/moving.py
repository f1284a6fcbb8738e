"""`flask database move`: to another database and back, with every row, number and word."""

import unittest

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Post, User
from app.tests.support.base import Browser
from app.tests.support.data.copies import REVISIONS, CopyCase
from app.tests.support.programs.processes import TEST_SERVER, fresh_database

BODIES = ("#Été in Größe", "two\nlines, 50% 'off' \\ \"quoted\" \t tab", "😀 #emoji", "NULL", "\\N")


class MovedDatabaseTests(CopyCase):
    def setUp(self):
        super().setUp()
        self.url = self.sqlite()
        self.own = self.filled(REVISIONS[-1], self.url)
        with self.own.app_context():
            user = User.find("user_nickname_key_1")
            for body in BODIES:
                user.write(body)
            self.highest = user.write("the last").id
            with writing() as session:
                session.execute(sa.delete(Post).where(Post.id == self.highest))
                # A row that points to a later one, as an answer to who has joined since.
                session.execute(sa.text("UPDATE invitation SET inviter_id = 3 WHERE id = 1"))
            db.session.remove()

    def move(self, app, url: str):
        held = self.held(app)
        self.close(app)
        told = self.command(app, "database", "move", url)
        self.assertIn("post 8", told)
        # What was moved is still there.
        self.assertEqual(self.held(app), held)
        self.close(app)
        moved = self.site(url)
        self.assertEqual(self.held(moved), held)
        return moved

    def assert_alive(self, app) -> None:
        with app.app_context():
            user = User.find("user_nickname_key_2")
            self.assertGreater(user.write("after the #move").id, self.highest)
            self.assertGreater(User.sign_up("https://new.example/", "new", None).id, 3)
            with writing() as session:
                session.delete(session.get(User, 2))
            db.session.remove()
        visitor = Browser(app)
        for words, found in (("größe", "#Été"), ("emoji", "#emoji"), ("move", None)):
            visitor.get(f"/search?q={words}")
            self.assertEqual(visitor.status, 200)
            self.assertEqual(found in visitor.page.links, found is not None, words)

    def test_there_and_back(self):
        first = fresh_database(self)
        moved = self.move(self.own, first)
        self.close(moved)
        back = self.move(moved, self.sqlite("back.db"))
        for app in (moved, back):
            self.assert_alive(app)
            self.close(app)

    def test_what_is_not_empty_is_refused_and_left_alone(self):
        full = self.filled("0001", fresh_database(self))
        held = self.held(full)
        self.close(full)
        url = full.config["DATABASE_URL"]
        self.assertIn("give an empty one", self.refused(self.own, "database", "move", url))
        self.assertEqual(self.held(full), held)
        # Least of all to itself.
        self.assertIn("give an empty one", self.refused(self.own, "database", "move", self.url))

    def test_what_is_no_database_is_one_sentence(self):
        result = self.run_command("database", "move", "mysql://host/name", app=self.own)
        self.assertEqual(result.exit_code, 2)
        self.assertIn("DATABASE_URL must begin with", result.stderr)
        for url in (
            "postgresql://nobody:secret@127.0.0.1:1/nothing",
            "sqlite:////nowhere/at/all/app.db",
        ):
            sentence = self.refused(self.own, "database", "move", url)
            self.assertIn("Nothing was changed: ", sentence)
            self.assertNotIn("secret", sentence)
            self.assertEqual(len(sentence.splitlines()), 1)

    @unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")
    def test_a_row_that_fits_nowhere_leaves_the_new_one_empty(self):
        with self.own.app_context(), writing() as session:
            session.execute(sa.text("UPDATE user SET about_me = :long"), {"long": "x" * 141})
        self.close(self.own)
        url = fresh_database(self)
        self.assertIn("too long", self.refused(self.own, "database", "move", url))
        moved = self.site(url)
        with moved.app_context():
            inspector = sa.inspect(db.engine)
            self.assertEqual(inspector.get_table_names(), [])
            self.assertNotIn("microblog_staging", inspector.get_schema_names())
