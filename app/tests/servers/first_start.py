"""The first start makes the database, also when several begin at once."""

import unittest
from pathlib import Path

import portalocker
import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import MIGRATION_LOCK, is_current
from app.tests.support.base import JoinMixin, settings
from app.tests.support.data.schema import differences
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    Server,
    copy_of_the_site,
    fresh_database,
    site_server,
    wait_until,
)


class FirstStartTests(JoinMixin, unittest.TestCase):
    """Several starts at once on a database that nobody has made yet.

    The test holds the lock under which it is made until all of them ask for it.
    """

    slow = True

    def setUp(self):
        self.folder = copy_of_the_site(self)

    def start_four(self, **settings) -> list[Server]:
        servers = [
            site_server(self, self.folder, "runp.py", WORKERS="1", **settings) for _ in range(4)
        ]
        log = self.folder / "tmp" / "microblog.log"

        def all_are_about_to_ask() -> bool:
            return log.exists() and log.read_text().count("microblog startup") == 4

        wait_until(all_are_about_to_ask, START_SECONDS, "four starts")
        return servers

    def assert_empty(self, url: str) -> None:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self.addCleanup(engine.dispose)
        self.assertEqual(sa.inspect(engine).get_table_names(), [])

    def assert_whole(self, url: str) -> None:
        app = create_app(**settings(DATABASE_URL=url))
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            self.assertTrue(is_current())
            with db.engine.connect() as connection:
                self.assertEqual(differences(connection), [])

    def test_four_starts_at_once_make_one_database(self):
        url = f"sqlite:///{self.folder / 'app.db'}"
        path = self.folder / "app.db.lock"

        def asks(server: Server) -> bool:
            files = Path(f"/proc/{server.process.pid}/fd")
            if not files.exists():
                self.skipTest("tells who asks by /proc, which is Linux's")
            return path in [file.resolve() for file in files.iterdir()]

        with portalocker.Lock(path):
            servers = self.start_four()
            wait_until(lambda: all(map(asks, servers)), START_SECONDS, "all asking", servers[0])
            self.assert_empty(url)
        for server in servers:
            server.wait()
        self.assert_whole(url)

    @unittest.skipUnless(TEST_SERVER, "needs PostgreSQL: TEST_DATABASE_URL")
    def test_four_starts_at_once_make_one_database_on_postgresql(self):
        url = fresh_database(self)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
            servers = self.start_four(DATABASE_URL=url)

            def asking() -> int:
                return connection.exec_driver_sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND query LIKE 'SELECT pg_try_advisory_lock%%'"
                ).scalar()

            wait_until(lambda: asking() == 4, START_SECONDS, "all asking", servers[0])
            self.assert_empty(url)
        engine.dispose()
        for server in servers:
            server.wait()
        self.assert_whole(url)
        browser = self.join("miguel", browser=servers[0].browser())
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertFalse((self.folder / "app.db").exists())
