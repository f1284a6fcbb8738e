"""Servers that are there and say nothing: nobody waits for them without end.

They are stopped by SIGSTOP, so that their machine still takes what is sent to them. What waits
for them has to end while they are stopped; a test that hangs has failed.
"""

import contextlib
import os
import re
import signal
import threading
import unittest
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from flask import Flask

from app import db
from app.database import postgresql
from app.database.engine import unhurried
from app.database.postgresql import (
    COMMAND_SECONDS,
    GRACE_SECONDS,
    OPTIONS,
    SILENT_SECONDS,
    BoundedConnection,
    NoAnswer,
    Silence,
)
from app.tests.support.base import Browser
from app.tests.support.clock import MonotonicClock
from app.tests.support.data.outages import BrokenCase
from app.tests.support.failures import PAGE, reference_of
from app.tests.support.fleet.nginx import SITE_FILE
from app.tests.support.programs.postgresql import Cluster
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    copy_of_the_site,
    redis_server,
    site_server,
)
from config import read_settings

LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def family(pid: int) -> list[int]:
    """Return a process and its children, the parent first."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # pid (name) state ppid; the name may hold anything.
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def state(pid: int) -> str:
    return re.search(r"(?m)^State:\s+(\w)", Path(f"/proc/{pid}/status").read_text())[1]


@unittest.skipIf(TEST_SERVER, "runs in the other run of the suite: once is enough")
class SilentPostgreSQLTests(BrokenCase):
    slow = True

    def database(self) -> str:
        self.cluster = Cluster(self)
        return f"{self.cluster.url}?connect_timeout=2"

    def failing_app(self, **changes) -> Flask:
        return super().failing_app(DATABASE_SECONDS=1, DATABASE_LOCK_SECONDS=0.5, **changes)

    @contextlib.contextmanager
    def silent(self):
        pid = int((self.cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        stopped = family(pid)
        for number in stopped:
            os.kill(number, signal.SIGSTOP)
        try:
            yield
            # It has not come back by itself, and what was done did not wait for that.
            self.assertEqual({state(number) for number in stopped}, {"T"})
        finally:
            for number in stopped:
                os.kill(number, signal.SIGCONT)

    def finishes(self, action) -> None:
        thread = threading.Thread(target=action, daemon=True)
        thread.start()
        thread.join(START_SECONDS)
        self.assertFalse(thread.is_alive(), "it still waits")

    def connecting(self):
        """Return what counts the connections that are asked for from now on."""
        connect = mock.patch.object(BoundedConnection, "connect", wraps=BoundedConnection.connect)
        return self.enterContext(connect)

    def test_of_the_waits_of_a_page_one_is_in_vain_and_the_site_recovers(self):
        clock = MonotonicClock(self, postgresql)
        john = self.john()
        john.get("/")
        self.assertEqual(john.page.heading, "Home")
        connect = self.connecting()
        with self.silent():
            self.finishes(lambda: john.submit(post="hard to write"))
            # It waited on the connection that it had, and for no other after that.
            connect.assert_not_called()
            self.assertEqual((john.status, john.page.heading), (503, PAGE))
            self.assertEqual(john.response.headers["Retry-After"], "5")
            self.assertIn("hard to write", john.page.words)
            self.assertIn(reference_of(john), self.letter(self.box)[1]["Subject"])
        clock.move(SILENT_SECONDS)
        self.assert_well()

    def test_after_it_nobody_waits_for_a_while_and_then_one_for_all(self):
        clock = MonotonicClock(self, postgresql)
        self.engine.dispose()
        connect = self.connecting()
        with self.silent():
            for tries in (1, 2):
                for path in ("/", "/explore", "/user/john"):
                    visitor = Browser(self.own)
                    self.finishes(lambda path=path, visitor=visitor: visitor.get(path))
                    self.assertEqual(visitor.status, 503, path)
                self.assert_ready_says("database")
                self.assertEqual(connect.call_count, tries)
                clock.move(SILENT_SECONDS)
        self.assert_well()

    def test_while_one_tries_nobody_else_does(self):
        clock = MonotonicClock(self, postgresql)
        silence = Silence()
        silence.begin()
        clock.move(SILENT_SECONDS)
        silence.heed()
        with self.assertRaises(NoAnswer):
            silence.heed()
        silence.end()
        silence.heed()
        silence.heed()

    def test_nobody_waits_for_ten_seconds(self):
        config = read_settings({})
        connect = OPTIONS["connect_timeout"]
        # nginx lets those who want the same page wait for the first of them.
        before = int(re.search(r"proxy_cache_lock_timeout (\d+)s", SITE_FILE.read_text())[1])
        self.assertLess(before + config["DATABASE_SECONDS"] + GRACE_SECONDS, 10)
        # A name such as localhost may have two addresses.
        self.assertLess(before + 2 * connect, 10)
        self.assertLess(config["SQLALCHEMY_ENGINE_OPTIONS"]["pool_timeout"] + connect, 10)

    def test_a_statement_ends_that_was_under_way_when_it_fell_silent(self):
        with self.own.app_context():
            db.session.execute(sa.text("SELECT 1"))
            failures = []

            def ask() -> None:
                try:
                    connection.execute(sa.text("SELECT 2"))
                except sa.exc.OperationalError as error:
                    failures.append(str(error.orig))

            with self.engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
                with self.silent():
                    self.finishes(ask)
            self.assertEqual(failures, ["the server did not answer in time"])

    def shown(self) -> dict[str, str]:
        with self.engine.connect() as connection:
            return {n: connection.exec_driver_sql(f"SHOW {n}").scalar() for n in LIMITS}

    def test_the_server_itself_ends_what_takes_too_long(self):
        self.assertEqual(self.shown(), dict(zip(LIMITS, ("1s", "500ms", "5min"), strict=True)))
        with (
            self.engine.connect() as connection,
            self.assertRaisesRegex(sa.exc.OperationalError, "statement timeout"),
        ):
            connection.execute(sa.text("SELECT pg_sleep(3600)"))
        with self.engine.connect() as other, self.engine.connect() as connection:
            other.exec_driver_sql('LOCK TABLE "user"')
            with self.assertRaisesRegex(sa.exc.OperationalError, "lock timeout"):
                connection.exec_driver_sql('SELECT 1 FROM "user"')

    def test_a_rollback_does_not_lift_the_limits(self):
        with self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            connection.rollback()
            shown = connection.exec_driver_sql("SHOW statement_timeout").scalar()
        self.assertEqual(shown, "1s")

    def test_no_statement_is_compiled_or_handed_out(self):
        with self.engine.connect() as connection:
            for name, value in {"jit": "off", "max_parallel_workers_per_gather": "0"}.items():
                self.assertEqual(connection.exec_driver_sql(f"SHOW {name}").scalar(), value)

    def test_migrations_and_commands_may_take_an_hour(self):
        with self.own.app_context():
            with unhurried(), self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                self.assertGreater(raw.max_seconds, COMMAND_SECONDS)
                for name in LIMITS:
                    self.assertEqual(connection.exec_driver_sql(f"SHOW {name}").scalar(), "1h")
            # And nothing of it is left in the pool.
            self.assertEqual(self.shown()["statement_timeout"], "1s")

    def test_a_command_is_run_unhurried(self):
        asked = []

        def note(connection, *_):
            shown = connection.exec_driver_sql("SHOW statement_timeout")
            asked.append(shown.scalar())

        sa.event.listen(self.engine, "commit", note)
        self.addCleanup(sa.event.remove, self.engine, "commit", note)
        result = self.run_command("post", "remove", str(self.post), app=self.own)
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(set(asked), {"1h"})


class SilentRedisTests(unittest.TestCase):
    slow = True

    def test_a_form_is_answered_while_it_is_silent(self):
        redis, uri = redis_server(self)
        folder = copy_of_the_site(self)
        server = site_server(self, folder, "runp.py", WORKERS="1", RATELIMIT_STORAGE_URI=uri)
        browser = server.wait().browser()
        log = folder / "tmp" / "microblog.log"
        browser.get("/login")
        browser.submit(openid="")
        self.assertNotIn("storage unreachable", log.read_text())
        os.kill(redis.process.pid, signal.SIGSTOP)
        browser.submit(openid="")
        self.assertEqual(state(redis.process.pid), "T")
        self.assertEqual(browser.status, 400)
        self.assertIn("WARNING: Rate limit storage unreachable", log.read_text())
