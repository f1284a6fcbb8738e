"""The database: its schema, its transactions, and that the suite touches none but its own."""

import hashlib
import sqlite3
import sys
import threading
import unittest
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database import writing
from app.database.upgrade import is_current, upgrade
from app.models import Identity, Post, SignIn, User
from app.tests.support.base import PeopleTestCase, TestCase, database_url, settings
from app.tests.support.data.schema import TRIGGERS, differences, triggers
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    Process,
    copy_of_the_site,
    fresh_database,
)

only_sqlite = unittest.skipIf(TEST_SERVER, "about SQLite alone")


class SchemaTests(TestCase):
    """What the migrations make is what the models say."""

    def test_the_migrated_schema_is_that_of_the_models(self):
        with db.engine.connect() as connection:
            self.assertEqual(differences(connection), [])
            self.assertEqual(triggers(connection), TRIGGERS)

    def test_the_comparison_would_see_a_difference(self):
        changes = (
            'ALTER TABLE "user" ADD COLUMN extra INTEGER',
            'DROP INDEX "ix_post_thread_id_id"',
            "CREATE INDEX ix_extra ON post (body)",
        )
        for change in changes:
            with self.subTest(change=change), db.engine.connect() as connection:
                connection.exec_driver_sql(change)
                self.assertNotEqual(differences(connection), [])
                connection.rollback()

    def test_every_migration_has_been_applied(self):
        self.assertTrue(is_current())

    def test_deleting_a_user_is_left_to_the_database_in_every_table(self):
        inspector = sa.inspect(db.engine)
        for table in db.metadata.tables:
            for key in inspector.get_foreign_keys(table):
                with self.subTest(table=table, key=key["name"]):
                    self.assertIn(key["options"].get("ondelete"), {"CASCADE", "SET NULL"})

    def test_it_goes_down_to_nothing_and_up_again(self):
        app = create_app(**settings(DATABASE_URL=fresh_database(self)))
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            self.assertFalse(is_current())
            upgrade(app)
            self.assertTrue(is_current())
            flask_migrate.downgrade(revision="base")
            self.assertEqual(sa.inspect(db.engine).get_table_names(), ["alembic_version"])
            self.assertFalse(is_current())
            upgrade(app)
            with db.engine.connect() as connection:
                self.assertEqual(differences(connection), [])
                self.assertEqual(triggers(connection), TRIGGERS)


@only_sqlite
class SQLiteTests(PeopleTestCase):
    """The set-up of every connection, and who waits for whom: seen from a second connection."""

    def other(self) -> sqlite3.Connection:
        """Return a connection of somebody else's, who does not wait."""
        connection = sqlite3.connect(db.engine.url.database, timeout=0, isolation_level=None)
        self.addCleanup(connection.close)
        return connection

    def test_every_connection_is_set_up(self):
        expected = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
        # As the site makes one: the applications of other tests do not wait for the disk.
        app = create_app(**settings())
        with app.app_context():
            connections = [db.engine.connect() for _ in range(3)]
            self.addCleanup(db.engine.dispose)
        for connection in connections:
            with connection:
                for name, value in expected.items():
                    got = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                    self.assertEqual(got, value, name)
                waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
                self.assertGreaterEqual(waits, 5000)

    def test_a_reader_keeps_nobody_from_writing(self):
        db.session.rollback()
        self.assertEqual(db.session.get(User, self.john.id).nickname, "john")
        self.assertTrue(db.session().in_transaction())
        other = self.other()
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE user SET about_me = 'changed meanwhile'")
        other.execute("COMMIT")
        # It reads on in the state that it began with, and is not told of an error.
        count = sa.select(sa.func.count()).where(User.about_me == "changed meanwhile")
        self.assertEqual(db.session.scalar(count), 0)
        db.session.rollback()
        self.assertEqual(db.session.scalar(count), 2)

    def test_writing_holds_the_lock_from_its_beginning(self):
        other = self.other()
        with writing():
            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                other.execute("BEGIN IMMEDIATE")
            # A reader does not notice.
            self.assertEqual(other.execute("SELECT count(*) FROM user").fetchone(), (2,))
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")

    def test_a_second_writer_waits_for_one_of_another_program(self):
        john, asks = self.john.id, threading.Event()

        def second():
            with self.app.app_context(), writing() as session:
                session.get(User, john).about_me += " and second"

        def note(connection, cursor, statement, *rest):
            if statement == "BEGIN IMMEDIATE":
                asks.set()

        thread, other = threading.Thread(target=second), self.other()
        db.session.rollback()
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE user SET about_me = 'first'")
        sa.event.listen(db.engine, "before_cursor_execute", note)
        self.addCleanup(sa.event.remove, db.engine, "before_cursor_execute", note)
        thread.start()
        self.assertTrue(asks.wait(START_SECONDS))
        other.execute("COMMIT")
        thread.join()
        db.session.rollback()
        self.assertEqual(db.session.get(User, john).about_me, "first and second")

    def test_after_a_user_was_loaded_a_write_still_begins_with_the_lock(self):
        # As in a request: Flask-Login has read before the view writes.
        db.session.get(User, self.john.id)
        with writing(), self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
            self.other().execute("BEGIN IMMEDIATE")


class WritingTests(PeopleTestCase):
    def test_it_commits_at_the_end(self):
        with writing() as session:
            session.get(User, self.john.id).about_me = "committed"
        self.assertFalse(db.session().in_transaction())
        with db.engine.connect() as connection:
            found = connection.execute(sa.select(User.about_me).where(User.nickname == "john"))
            self.assertEqual(found.scalar(), "committed")

    def test_an_exception_undoes_all_of_it(self):
        with self.assertRaises(ZeroDivisionError), writing() as session:
            session.get(User, self.john.id).about_me = "half"
            session.add(Post(body="half", user_id=self.john.id))
            session.flush()
            raise ZeroDivisionError
        self.assertFalse(db.session().in_transaction())
        self.assertEqual(self.count(Post), 0)
        self.assertEqual(db.session.get(User, self.john.id).about_me, "")
        # Nothing is left of it that the next one would write.
        with writing():
            pass
        self.assertEqual(self.count(Post), 0)

    def test_what_was_changed_before_it_is_thrown_away(self):
        self.john.about_me = "before"
        with writing():
            self.assertEqual(self.john.about_me, "")


class RowTests(PeopleTestCase):
    """What holds of the rows, whichever way they are written."""

    def test_ids_are_never_used_again(self):
        for model, make in (
            (User, lambda: self.person("miguel")),
            (Post, lambda: self.john.write("hello")),
        ):
            with self.subTest(model=model.__name__):
                first = make().id
                with writing() as session:
                    session.execute(sa.delete(model).where(model.id == first))
                self.assertGreater(make().id, first)

    def test_a_user_takes_posts_identities_and_sign_ins_along(self):
        SignIn.begin(self.john.id, "https://john.example.com/")
        SignIn.begin(self.susan.id, "https://susan.example.com/")
        self.john.write("by john")
        self.susan.write("by susan")
        with writing() as session:
            session.delete(session.get(User, self.john.id))
        for model in (Post, Identity, SignIn):
            with self.subTest(model=model.__name__):
                left = db.session.scalars(sa.select(model.user_id)).all()
                self.assertEqual(left, [self.susan.id])

    def test_a_row_of_nobody_is_refused(self):
        for row in (Post(body="x", user_id=987654), Identity(identifier="x", user_id=987654)):
            with self.assertRaises(sa.exc.IntegrityError), writing() as session:
                session.add(row)

    def test_an_instant_comes_back_as_utc(self):
        summer = timezone(timedelta(hours=2))
        typed = datetime(2012, 7, 1, 14, 30, 15, 123456, tzinfo=summer)
        with writing() as session:
            session.get(User, self.john.id).last_seen = typed
        got = db.session.get(User, self.john.id, populate_existing=True).last_seen
        self.assertEqual(got, typed)
        self.assertIs(got.tzinfo, UTC)
        self.assertEqual(got.hour, 12)


class OwnDatabaseTests(TestCase):
    """Running the tests must not cost anybody a post."""

    def test_the_suite_has_a_database_of_its_own(self):
        name = sa.make_url(database_url()).database
        self.assertNotEqual(Path(name).name, "app.db")
        if TEST_SERVER:
            self.assertNotEqual(name, sa.make_url(TEST_SERVER).database)

    def test_the_fixture_empties_no_other_database(self):
        app = create_app(**settings(DATABASE_URL=fresh_database(self)))
        upgrade(app)
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            User.sign_up("https://miguel.example.com/", "miguel", None)
            with self.assertRaises(AssertionError):
                self.empty_database()
            self.assertEqual(self.count(User), 1)

    def test_the_chapters_tests_leave_app_db_alone_byte_for_byte(self):
        folder = copy_of_the_site(self)
        path = folder / "app.db"
        app = create_app(**settings(DATABASE_URL=f"sqlite:///{path}"))
        upgrade(app)
        with app.app_context():
            User.sign_up("https://miguel.example.com/", "miguel", None).write("hello")
            db.session.remove()
            db.engine.dispose()
        before = self.files_of(path)
        self.assertEqual(set(before), {"app.db", "app.db.lock"})

        # What somebody may well have set on a machine that runs the site.
        run = Process(
            self,
            sys.executable,
            folder / "tests.py",
            "TestCase",
            cwd=folder,
            DATABASE_URL=f"sqlite:///{path}",
            **({"TEST_DATABASE_URL": TEST_SERVER} if TEST_SERVER else {}),
        )
        self.assertEqual(run.process.wait(START_SECONDS), 0, run.output)
        self.assertRegex(run.output, r"Ran 2 tests")
        self.assertEqual(self.files_of(path), before)

    def files_of(self, path: Path) -> dict[str, str]:
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in path.parent.glob("app.db*")
        }
