"""A database that is broken for a while: every page says so, one mail does, and it passes."""

import contextlib
import os
import re
import shutil
import sqlite3
import unittest
from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import PrivateFeed, User
from app.models.notifications.mail import unsubscribing_token
from app.provider.models import Account
from app.tests.support.base import PASSWORD, Browser
from app.tests.support.data.outages import BrokenCase
from app.tests.support.failures import PAGE, reference_of
from app.tests.support.programs.processes import TEST_SERVER

# What needs no data goes on: the 500 page's own style, pictures drawn from their address,
# and what supervisors ask.
NEEDS_NO_DATA = {
    "static": 200,
    "profiles.avatar": 200,
    "health.alive": 200,
    "health.ready": 503,
}
# One that no page asks anything, and some that many do.
UNASKED = "nonce"
WALKED = ("nonce", "post", "followers")
# Pages that are for others than john.
OTHERS = {
    "reports.post",
    "reports.user",
    "moderation.index",
    "moderation.post",
    "moderation.user",
    "suspension.show",
    # What an address of a letter leads to, and what there is only where it is set.
    "email.confirm",
    "health.metrics",
    "recovery.recover",
    "site.security",
}
TIME = re.compile(r"just now|\d+ minutes? ago")


class OutageTests(BrokenCase):
    """Whatever the site answers to a GET, in an outage and when it is over."""

    def settle(self) -> None:
        super().settle()
        Account.join("miguel", PASSWORD, None)
        user_id = User.find("john").id
        feeds = PrivateFeed.renew(user_id)
        self.tokens = {"/home.atom": feeds, "/notifications.atom": feeds}
        self.tokens["/unsubscribe"] = unsubscribing_token(user_id)
        # Those that failing_app() adds are not the site's.
        rules = [rule for rule in self.app.url_map.iter_rules() if "GET" in rule.methods]
        self.pages = [
            (rule.endpoint, self.address(rule.rule))
            for rule in rules
            if rule.endpoint not in OTHERS
        ]

    def address(self, rule: str) -> str:
        """Return an address of `rule` at which there is something."""
        values = {
            "nickname": "john",
            "username": "miguel",
            "post_id": str(self.post),
            "name": "world",
            "seed": "any",
            "filename": "style.css",
        }
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda match: values[match[1]], rule)
        if path.startswith("/search"):
            return path + "?q=hello"
        return path + (f"?token={self.tokens[path]}" if path in self.tokens else "")

    def visits(self):
        """Read every page, signed in and not; give each time the page's address and the browser."""
        for reader in (self.john(), None):
            for endpoint, path in self.pages:
                # What a page that failed would have said must not stand on the next one.
                visitor = reader or Browser(self.own)
                visitor.get(path)
                yield endpoint, path, visitor

    def assert_all_well(self) -> None:
        # Which also shows that the addresses are right.
        for endpoint, path, visitor in self.visits():
            self.assertEqual(visitor.status, 200, (endpoint, path))

    def words(self) -> list[str]:
        """Return what each page says when all is well."""
        return [self.words_of(visitor) for _, _, visitor in self.visits()]

    def words_of(self, visitor: Browser) -> str:
        return TIME.sub("", visitor.page.words)

    def assert_whole_or_failed(self, whole: list[str]) -> list[str]:
        """See that every page fails or is what it was; give the addresses of those that fail."""
        failed = []
        for words, (endpoint, path, visitor) in zip(whole, self.visits(), strict=True):
            if visitor.status == 500:
                self.assertEqual(visitor.page.heading, PAGE, path)
                self.assertEqual(len(reference_of(visitor)), 5)
                failed.append(path)
            elif endpoint != "health.ready":
                self.assertEqual((visitor.status, self.words_of(visitor)), (200, words), path)
        return failed

    def test_a_missing_table_is_one_mail_of_what_needs_it_and_the_site_recovers(self):
        whole = self.words()
        for table in [*db.metadata.tables, "post_search"]:
            with self.subTest(table=table):
                with self.missing(table):
                    self.assert_ready_says("database")
                    if table in WALKED:
                        failed = self.assert_whole_or_failed(whole)
                        self.assertEqual(bool(failed), table != UNASKED)
                        if failed:
                            self.assert_told_once()
                self.assert_well()

    def test_a_database_that_does_not_answer_is_one_mail_and_the_site_recovers(self):
        whole = self.words()
        with refusing(self.engine) if TEST_SERVER else file_away(self.engine):
            self.assert_whole_or_failed(whole)
            john = self.john()
            for endpoint, path in self.pages:
                if status := NEEDS_NO_DATA.get(endpoint):
                    self.assertEqual(john.get(path).status_code, status, path)
                else:
                    self.assert_fails(john, path)
            for path in ("/explore", "/user/john", f"/post/{self.post}", "/id/miguel"):
                self.assert_fails(Browser(self.own), path)
            # What is not there is missing all the same; john's frame needs john.
            self.assertEqual(Browser(self.own).get("/nowhere").status_code, 404)
            self.assert_ready_says("database")
            self.assert_told_once()
        self.assert_well()

    @unittest.skipUnless(TEST_SERVER, "SQLite locks no table")
    def test_a_lock_on_a_table_holds_up_nothing_that_does_not_ask_it(self):
        name = self.engine.url.database
        with self.engine.begin() as connection:
            # Whoever waits for a lock at all fails.
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET lock_timeout = 1')
        self.engine.dispose()
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"LOCK TABLE {UNASKED} IN ACCESS EXCLUSIVE MODE")
            self.assert_all_well()


@contextlib.contextmanager
def file_away(engine: sa.Engine):
    path = engine.url.database
    shutil.move(path, path + ".away")
    yield
    # Fails when something was made in its place.
    os.link(path + ".away", path)
    os.unlink(path + ".away")


@contextlib.contextmanager
def refusing(engine: sa.Engine):
    """End the connections to a PostgreSQL database, and let it take no others."""
    name = engine.url.database
    admin = sa.create_engine(TEST_SERVER, isolation_level="AUTOCOMMIT")
    ending = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    with admin.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.exec_driver_sql(ending)
        yield
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    admin.dispose()


class BrokenDatabaseTests(BrokenCase):
    @unittest.skipIf(TEST_SERVER, "is about SQLite's file")
    def test_what_is_written_while_the_file_is_away_is_not_lost_in_silence(self):
        john = self.john()
        john.get("/")
        with file_away(self.engine):
            john.submit(post="into the void")
            self.assertEqual(john.status, 500)
        john.get("/")
        self.assertNotIn("into the void", john.text)
        john.submit(post="and here")
        with sqlite3.connect(self.engine.url.database) as connection:
            rows = connection.execute("SELECT body FROM post").fetchall()
        connection.close()
        self.assertEqual(rows[1:], [("and here",)])

    def test_a_session_that_cannot_be_rolled_back_is_no_second_failure(self):
        with mock.patch.object(db.session, "rollback", side_effect=sa.exc.OperationalError):
            stranger = Browser(self.own)
            stranger.get("/fail")
        self.assertEqual((stranger.status, stranger.page.heading), (500, PAGE))
        self.entries("could not be rolled back")
        self.assert_told_once()
        self.assert_well()

    def test_a_failure_whose_user_could_not_be_read_says_so(self):
        with self.missing("sign_in"):
            self.john().get("/")
        self.assertIn("Who:       somebody signed in", self.letter(self.box)[1].get_content())

    def test_an_empty_table_is_not_a_missing_one(self):
        with self.own.app_context():
            for table in reversed(db.metadata.sorted_tables):
                db.session.execute(table.delete())
            db.session.commit()
        self.assertEqual(Browser(self.own).get("/login").status_code, 200)
        self.assertEqual(Browser(self.own).get("/readyz").get_data(), b"ok")
