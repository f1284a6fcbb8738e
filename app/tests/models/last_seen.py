"""That a user was here is worth a write, and never a page."""

import unittest
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import LAST_SEEN_EVERY, CurrentUser, SignIn, User
from app.tests.support.data.outages import BrokenCase
from app.tests.support.programs.processes import TEST_SERVER
from app.tests.support.reading import selects

only_sqlite = unittest.skipIf(TEST_SERVER, "about SQLite alone")
only_postgresql = unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")

TRIGGER = {
    "sqlite": """CREATE TRIGGER refuse BEFORE UPDATE OF last_seen ON user BEGIN
        SELECT RAISE(ABORT, 'no room left');
    END""",
    "postgresql": """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'no room left'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF last_seen ON "user" EXECUTE FUNCTION refuse()""",
}


class LastSeenTests(BrokenCase):
    PAGES = ("/", "/edit", "/explore", "/user/john", "/search?q=hello")

    def long_ago(self) -> None:
        """Let john have been here last ten minutes ago, so that his next page has to write."""
        moment = now() - timedelta(minutes=10)
        with self.engine.begin() as connection:
            connection.execute(sa.update(User).values(last_seen=moment))
            connection.execute(sa.update(SignIn).values(last_used=moment))

    def last_seen(self):
        with self.engine.connect() as connection:
            return connection.execute(
                sa.select(User.last_seen, SignIn.last_used).join(SignIn)
            ).one()

    def assert_read_all_the_same(self, reason: str) -> None:
        """Have john read every page, and find one warning that holds `reason`."""
        before = self.last_seen()
        john = self.john()
        for path in self.PAGES:
            self.assertEqual(john.get(path).status_code, 200, path)
            self.assertIn("Sign out", john.text, path)
        self.assertEqual(self.last_seen(), before)
        found = self.entries("last_seen")
        self.assertEqual(len(found), 1, found)
        self.assertIn(" WARNING: last_seen could not be written", found[0])
        self.assertIn(reason, found[0])
        self.assertTrue(self.box.letters.empty())

    def test_a_write_that_the_database_refuses_fails_no_page(self):
        self.long_ago()
        with self.engine.begin() as connection:
            connection.exec_driver_sql(TRIGGER[self.engine.dialect.name])
        self.assert_read_all_the_same("no room left")

    @only_sqlite
    def test_a_database_that_can_only_be_read_is_read(self):
        self.long_ago()

        def close(connection, record, proxy):
            connection.execute("PRAGMA query_only = ON")

        sa.event.listen(self.engine, "checkout", close)
        self.assert_read_all_the_same("readonly")

    @only_sqlite
    def test_a_full_disk_fails_no_page(self):
        self.long_ago()

        def fill(connection, record, proxy):
            # As many pages as there are already: SQLite makes it no fewer.
            connection.execute("PRAGMA max_page_count = 1")

        with self.engine.begin() as connection:
            # The update has to find a new page, as one of a larger site does now and then.
            connection.exec_driver_sql("CREATE TABLE filler (text TEXT)")
            connection.exec_driver_sql(
                "CREATE TRIGGER fill AFTER UPDATE OF last_seen ON user BEGIN"
                " INSERT INTO filler VALUES (hex(zeroblob(20000))); END"
            )
        sa.event.listen(self.engine, "checkout", fill)
        self.assert_read_all_the_same("full")

    @only_postgresql
    def test_a_database_that_takes_no_writes_is_read(self):
        self.long_ago()
        name = self.engine.url.database
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
            )
        self.engine.dispose()
        self.assert_read_all_the_same("read-only")

    @only_postgresql
    def test_a_row_that_somebody_holds_is_not_waited_for_without_end(self):
        self.long_ago()
        self.own.config["DATABASE_LOCK_SECONDS"] = 0.1
        self.engine.dispose()
        with self.engine.connect() as other:
            other.execute(sa.select(User).with_for_update())
            self.assert_read_all_the_same("lock timeout")

    def test_it_is_written_again_when_that_is_possible(self):
        self.long_ago()
        with self.engine.begin() as connection:
            connection.exec_driver_sql(TRIGGER[self.engine.dialect.name])
        john = self.john()
        john.get("/edit")
        with self.engine.begin() as connection:
            table = ' ON "user"' if TEST_SERVER else ""
            connection.exec_driver_sql(f"DROP TRIGGER refuse{table}")
        # Not at once: a page would wait for each attempt.
        john.get("/edit")
        self.assertLess(max(self.last_seen()), now() - timedelta(minutes=5))
        self.own.extensions["last_seen_failed"] -= LAST_SEEN_EVERY.total_seconds()
        john.get("/edit")
        self.assertGreater(min(self.last_seen()), now() - timedelta(minutes=5))

    def test_the_page_that_writes_it_asks_no_more_than_any_other(self):
        with self.own.app_context():
            for path in self.PAGES:
                with self.subTest(path):
                    john = self.john()
                    john.get(path)
                    usual = selects(lambda path=path, john=john: john.get(path))
                    self.long_ago()
                    before = self.last_seen()
                    self.assertEqual(selects(lambda path=path, john=john: john.get(path)), usual)
                    self.assertGreater(self.last_seen(), before)

    def test_what_the_page_shows_of_it_is_this_moment(self):
        self.long_ago()
        moment = now()
        with self.own.app_context():
            user = CurrentUser.of_token(self.token)
            user.touch_last_seen()
            self.assertGreaterEqual(user.last_seen, moment)
            self.assertFalse(db.session.dirty)
            self.assertIn(user, db.session)
