"""Upgrades beside people who read and write, releases side by side, and the way back."""

import contextlib
import itertools
import signal
import sqlite3
import threading
import unittest
from pathlib import Path

import flask_migrate
import psycopg
import sqlalchemy as sa

from app import db
from app.database.engine import BUSY_SECONDS, MIGRATION_BUSY_SECONDS
from app.database.upgrade import is_current, upgrade
from app.tests.support.base import JoinMixin
from app.tests.support.data.copies import REVISIONS, CopyCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    copy_of_the_site,
    free_port,
    fresh_database,
    site_server,
    wait_until,
)

# What the release after this one may bring, as CONTRIBUTING says.
LATER = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{newest}"

def upgrade():
    op.add_column("post", sa.Column("later", sa.String(8), nullable=False, server_default="new"))
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("later")
    op.drop_column("post", "later")
"""


def later_release(case) -> Path:
    """Return a copy of the site as its next release, which has one migration more."""
    folder = copy_of_the_site(case)
    path = folder / "app" / "migrations" / "versions" / "9999_later.py"
    path.write_text(LATER.format(newest=REVISIONS[-1]))
    return folder


class LiveUpgradeTests(CopyCase):
    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_a_start_upgrades_while_others_write_all_the_time(self):
        app = self.filled("0001")
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO post (body, timestamp, user_id)"
                    " VALUES ('of #old times', '2026-01-01 00:00:00', 1)"
                ),
                [{}] * 5000,
            )
        self.close(app)
        path = sa.make_url(app.config["DATABASE_URL"]).database
        began, ended, failures, written = threading.Event(), threading.Event(), [], []

        def write() -> None:
            # As the release before does: it waits as long for its turn.
            other = sqlite3.connect(path, timeout=15, isolation_level=None)
            while not ended.is_set():
                try:
                    other.execute("BEGIN IMMEDIATE")
                    other.execute(
                        "INSERT INTO post (body, timestamp, user_id)"
                        " VALUES ('meanwhile', '2026-01-01 00:00:00', 1)"
                    )
                    other.execute("COMMIT")
                    written.append(1)
                    began.set()
                except sqlite3.Error as error:
                    failures.append(str(error))
            other.close()

        thread = threading.Thread(target=write)
        thread.start()
        self.assertTrue(began.wait(START_SECONDS))
        try:
            upgrade(app)
        finally:
            ended.set()
            thread.join()
        self.assertEqual(failures, [])
        with app.app_context():
            self.assertTrue(is_current())
            meanwhile = "SELECT count(*) FROM post WHERE body = 'meanwhile'"
            self.assertEqual(db.session.scalar(sa.text(meanwhile)), len(written))

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_a_migration_waits_longer_for_its_turn_than_a_page(self):
        app, waits = self.filled("0001"), []

        def note(connection, cursor, statement, *rest) -> None:
            if statement.startswith("BEGIN"):
                driver = connection.connection.driver_connection
                waits.extend(driver.execute("PRAGMA busy_timeout").fetchone())

        with app.app_context():
            sa.event.listen(db.engine, "before_cursor_execute", note)
            flask_migrate.upgrade()
            self.assertEqual(set(waits), {1000 * MIGRATION_BUSY_SECONDS})
            waits.clear()
            db.session.scalar(sa.text("SELECT 1"))
            self.assertEqual(waits, [1000 * BUSY_SECONDS])

    @unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")
    def test_a_migration_that_waits_for_a_table_lets_readers_pass(self):
        app = self.filled("0001")
        engine = sa.create_engine(app.config["DATABASE_URL"], poolclass=sa.pool.NullPool)
        with engine.connect() as slow:
            # As pg_dump does, for minutes.
            slow.exec_driver_sql("SELECT * FROM post").fetchall()
            thread = threading.Thread(target=upgrade, args=(app,))
            thread.start()
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            watching = psycopg.connect(
                sa.make_url(engine.url).set(drivername="postgresql").render_as_string(False),
                autocommit=True,
            )
            self.addCleanup(watching.close)
            wait_until(
                lambda: watching.execute(waits).fetchone()[0], START_SECONDS, "a migration waiting"
            )
            # It would wait for the slow one too, if the migration did not give way.
            with engine.connect() as reader:
                reader.exec_driver_sql(f"SET statement_timeout = '{START_SECONDS}s'")
                self.assertEqual(reader.exec_driver_sql("SELECT count(*) FROM post").scalar(), 3)
            self.assertTrue(thread.is_alive())
        thread.join()
        with app.app_context():
            self.assertTrue(is_current())


class LaterSchemaTests(CopyCase):
    def test_this_release_runs_on_the_schema_of_the_next(self):
        app = self.filled(REVISIONS[-1])
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE post ADD COLUMN later VARCHAR(8) DEFAULT 'x'")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        self.close(app)
        # As at a start; it changes nothing.
        upgrade(app)
        answer = app.test_client().get("/readyz")
        self.assertEqual((answer.status_code, answer.text), (200, "ok"))
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE tag")
        answer = app.test_client().get("/readyz")
        self.assertEqual((answer.status_code, answer.text), (503, "database"))

    def test_the_way_back_is_one_command(self):
        app = self.filled(REVISIONS[-1])
        before = self.held(app)
        self.command(app, "db", "downgrade", REVISIONS[-2])
        with app.app_context():
            self.assertFalse(is_current())
            self.assertLessEqual(set(everything_but(before, app, self)), set(before))
            flask_migrate.upgrade()
            self.assertTrue(is_current())


def everything_but(before: dict, app, case) -> dict:
    """Return what the older schema holds, of which every row was there before."""
    held = case.held(app)
    for name, rows in held.items():
        case.assertEqual(len(rows), len(before[name]), name)
    return held


class RollingUpgradeTests(JoinMixin, CopyCase):
    def setUp(self):
        super().setUp()
        self.lock = threading.Condition()
        # Instances that the balancer sends visitors to, and how many each serves just now.
        self.serving: dict[str, int] = {}
        self.failures: list[str] = []
        self.posted: list[str] = []
        self.ended = threading.Event()

    def test_three_instances_are_upgraded_under_load_without_a_failed_request(self):
        now, later = copy_of_the_site(self), later_release(self)
        ports = [free_port() for _ in range(3)]
        self.settings = {
            "DATABASE_URL": fresh_database(self),
            "SITE_URL": f"http://127.0.0.1:{ports[0]}",
            "SECRET_KEY": "of all three 0123456789",
            "RATELIMIT_ENABLED": "off",
            "WORKERS": "1",
        }
        servers = [self.start(now, port) for port in ports]
        people = []
        for number in range(3):
            browser = self.join(f"miguel{number}", browser=servers[0].browser())
            people.append(threading.Thread(target=self.visit, args=(browser, number)))
        for person in people:
            person.start()
        try:
            for number, port in enumerate(ports):
                self.take_out(servers[number])
                servers[number] = self.start(later, port)
                for server in servers:
                    # Those of before as well: the balancer would have nobody else.
                    self.assertEqual(self.ready(server), (200, "ok"))
        finally:
            self.ended.set()
            for person in people:
                person.join()
        self.assertEqual(self.failures, [])
        self.assertGreater(len(self.posted), 20)
        engine = sa.create_engine(self.settings["DATABASE_URL"], poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT body, later FROM post").all()
        self.assertEqual({row.body for row in rows}, set(self.posted))
        self.assertEqual({row.later for row in rows}, {"new"})

    def start(self, folder: Path, port: int):
        server = site_server(self, folder, "runp.py", port=port, **self.settings).wait()
        wait_until(lambda: self.ready(server)[0] == 200, START_SECONDS, "ready", server)
        with self.lock:
            self.serving[server.origin] = 0
        return server

    def ready(self, server) -> tuple[int, str]:
        answer = server.browser().get("/readyz")
        return answer.status_code, answer.get_data()

    def take_out(self, server) -> None:
        """Send nobody there any more, wait for those who are, and end it."""
        with self.lock:
            self.lock.wait_for(lambda: self.serving[server.origin] == 0, START_SECONDS)
            del self.serving[server.origin]
        server.stop(signal.SIGTERM)

    @contextlib.contextmanager
    def instance(self, number: int):
        """Yield the address of the instance whose turn it is."""
        with self.lock:
            origin = sorted(self.serving)[number % len(self.serving)]
            self.serving[origin] += 1
        try:
            yield origin
        finally:
            with self.lock:
                self.serving[origin] -= 1
                self.lock.notify_all()

    def visit(self, browser, person: int) -> None:
        for turn in itertools.count():
            if self.ended.is_set():
                return
            body = f"number {turn} of {person}"
            try:
                with self.instance(turn + person) as origin:
                    browser.get(f"{origin}/")
                    status = browser.status
                with self.instance(turn + person + 1) as origin:
                    # The form of one, sent to another.
                    browser.url = f"{origin}/"
                    browser.post("/", {"post": body, "csrf_token": browser.token()})
                    if (status, browser.status) == (200, 200):
                        self.posted.append(body)
                    else:
                        self.failures.append(f"{status} {browser.status} at {origin}")
            except OSError as error:
                self.failures.append(repr(error))
