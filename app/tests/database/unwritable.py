"""A database that can be read and not written: a page that keeps what was typed, and a mail."""

import os
import resource
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.models.posts.post import MAX_BODY
from app.tests.support.base import Browser
from app.tests.support.data.outages import BrokenCase
from app.tests.support.failures import reference_of
from app.tests.support.programs.processes import TEST_SERVER

TEXT = "hard to write"
HEADING = "Nothing can be saved just now"


class UnwritableCase(BrokenCase):
    def write(self, john: Browser) -> None:
        john.get("/")
        self.assertEqual(john.status, 200)
        john.submit(post=TEXT)

    def assert_kept(self, john: Browser, reason: str) -> None:
        """Find the text on the page, and the failure in the log and in a mail."""
        self.assertEqual((john.status, john.page.heading), (503, HEADING))
        self.assertIn(TEXT, john.page.words)
        self.assertIn("The administrator has been told.", john.page.words)
        self.assertEqual(john.response.headers["Retry-After"], "60")
        entry = self.entries(reference_of(john))[0]
        self.assertIn(" ERROR: ", entry)
        envelope, letter = self.letter(self.box)
        self.assertIn(reference_of(john), letter["Subject"])
        self.assertIn(reason, letter.get_content())
        self.assertNotIn(TEXT, letter.get_content() + "\n".join(self.log()))

    def assert_refused(self, reason: str) -> None:
        """See that a post is not taken although the page before it opens."""
        john = self.john()
        self.write(john)
        self.assert_kept(john, reason)
        visitor = Browser(self.own)
        for path in ("/explore", f"/post/{self.post}"):
            self.assertEqual(visitor.get(path).status_code, 200)
            self.assertNotIn(TEXT, visitor.text)

    def assert_taken(self) -> None:
        john = self.john()
        self.write(john)
        self.assertEqual(john.page.statuses, ["Your post is live."])
        self.assert_well()


@unittest.skipIf(TEST_SERVER, "about SQLite alone")
class UnwritableSQLiteTests(UnwritableCase):
    @contextmanager
    def each_connection(self, statement: str) -> Iterator[None]:
        """Let all connections that are had inside begin with this statement."""

        def begin(connection, record, proxy) -> None:
            connection.execute(statement)

        sa.event.listen(self.engine, "checkout", begin)
        yield
        sa.event.remove(self.engine, "checkout", begin)
        self.engine.dispose()

    def test_a_full_disk(self):
        john = self.john()
        # As many pages as there are already: SQLite makes it no fewer.
        with self.each_connection("PRAGMA max_page_count = 1"):
            for number in range(1000):
                # Until what is free in these is used up.
                john.get("/")
                john.submit(post=f"{TEXT} {number:0{MAX_BODY - len(TEXT) - 1}}")
                if john.status != 200:
                    break
            self.assert_kept(john, "database or disk is full")
        self.assert_taken()

    def test_a_file_that_can_only_be_read(self):
        with self.each_connection("PRAGMA query_only = ON"):
            self.assert_refused("attempt to write a readonly database")
        self.assert_taken()

    def test_a_disk_that_takes_no_more(self):
        path = self.engine.url.database
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        john = self.john()
        john.get("/")
        # No file of this process may grow beyond it, and the log is far from that.
        resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(path + "-wal"), before[1]))
        try:
            john.submit(post=TEXT)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        self.assert_kept(john, "disk I/O error")
        self.assert_taken()


@unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")
class UnwritablePostgreSQLTests(UnwritableCase):
    def test_a_server_that_takes_no_writes(self):
        self.refuse_writes("on")
        self.assert_refused("read-only transaction")
        self.refuse_writes("off")
        self.assert_taken()

    def refuse_writes(self, switch: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            name = self.engine.url.database
            connection.exec_driver_sql(
                f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}'
            )
        self.engine.dispose()

    def test_a_full_disk(self):
        # In the words of the server itself, which cannot be filled here.
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON post EXECUTE FUNCTION refuse()"""
            )
        self.assert_refused("No space left on device")
        with self.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER refuse ON post")
        self.assert_taken()
