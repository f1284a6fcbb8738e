"""Many visitors at once: each gets what was asked for, or a page that says to come back."""

import re
import threading
import unittest
from pathlib import Path

import sqlalchemy as sa

from app import db
from app.provider.passwords import hashing
from app.tests.support.base import PASSWORD, PeopleTestCase
from app.tests.support.programs.processes import copy_of_the_site, fresh_database, site_server
from config import MAX_THREADS

CROWD = 100
MAX_MEGABYTES = 200


class NoConnectionTests(PeopleTestCase):
    """Every connection to the database is in use, and stays so for longer than a page waits."""

    # PostgreSQL needs two to be brought up to date.
    settings = {
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 2, "max_overflow": 0, "pool_timeout": 0.05}
    }

    def test_it_is_told_on_a_page_that_needs_none_and_nothing_typed_is_lost(self):
        john, visitor = self.browser(self.john), self.browser()
        john.get("/")
        db.session.rollback()
        held = db.engine.connect(), db.engine.connect()
        with held[0], held[1], self.assertLogs("app", "WARNING") as log:
            john.submit(post="hard to write")
            visitor.get("/explore")
            for browser in (john, visitor):
                self.assertEqual((browser.status, browser.page.heading), (503, "Busy just now"))
                self.assertEqual(browser.response.headers["Retry-After"], "5")
                self.assertIn("no-store", browser.response.headers["Cache-Control"])
            self.assertIn("hard to write", john.page.words)
            self.assertEqual(visitor.get("/healthz").status_code, 200)
            self.assertEqual(visitor.get("/readyz").status_code, 503)
        self.assertEqual(len(log.output), 2)
        john.get("/")
        john.submit(post="hard to write")
        self.assertEqual(john.page.statuses, ["Your post is live."])
        self.assertEqual(visitor.get("/explore").status_code, 200)

    def test_it_is_no_second_failure_in_the_middle_of_a_page(self):
        # An application of its own, which no other test has asked anything yet.
        options = self.settings["SQLALCHEMY_ENGINE_OPTIONS"]
        self.app = self.make_app(SQLALCHEMY_ENGINE_OPTIONS={**options, "pool_recycle": 3600})

        @self.app.get("/ask-for-three")
        def ask_for_three():
            with db.engine.connect(), db.engine.connect(), db.engine.connect() as third:
                return str(third.scalar(sa.text("SELECT 1")))

        browser = self.browser()
        browser.get("/ask-for-three")
        self.assertEqual((browser.status, browser.page.heading), (503, "Busy just now"))
        self.assertEqual(browser.get("/login").status_code, 200)


class ManySignInsTests(unittest.TestCase):
    slow = True

    def test_100_at_once_are_no_failure_and_take_little_memory(self):
        server = site_server(
            self,
            copy_of_the_site(self),
            "runp.py",
            WORKERS="1",
            DATABASE_URL=fresh_database(self),
            RATELIMIT_ENABLED="off",
        ).wait()
        owner = server.browser()
        owner.get("/openid/join")
        owner.submit(username="miguel", password=PASSWORD)
        self.assertEqual(owner.path, "/openid")
        crowd = [server.browser() for _ in range(CROWD)]
        for browser in crowd:
            browser.get("/openid/sign-in")
        # Half of them know the password.
        tries = [(b, PASSWORD if n % 2 else "a guess") for n, b in enumerate(crowd)]
        threads = [
            threading.Thread(
                target=browser.submit, kwargs={"username": "miguel", "password": password}
            )
            for browser, password in tries
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            # It answers all the time.
            self.assertEqual(server.browser().get("/healthz").status_code, 200)
        for thread in threads:
            thread.join()
        served = 0
        for browser, password in tries:
            right = ("/openid", 200) if password == PASSWORD else ("/openid/sign-in", 400)
            if browser.status == 503:
                self.assertEqual(browser.page.heading, "Busy just now")
                self.assertEqual(browser.response.headers["Retry-After"], "5")
            else:
                self.assertEqual((browser.path, browser.status), right)
                served += 1
        self.assertGreaterEqual(served, hashing.MAX_AT_ONCE)
        for worker in workers(server):
            self.assertLess(peak_megabytes(worker), MAX_MEGABYTES)
        log = (server.folder / "tmp" / "microblog.log").read_text()
        self.assertNotIn("ERROR", log)

    def test_some_threads_are_always_left_for_other_pages(self):
        self.assertLess(hashing.MAX_AT_ONCE + hashing.MAX_WAITING, MAX_THREADS - 8)


def workers(server) -> list[int]:
    """Return the process ids of a server's group."""
    group = server.process.pid
    stats = {path.parent.name: path.read_text() for path in Path("/proc").glob("[0-9]*/stat")}
    # After the name in brackets: state, parent, group.
    return [int(p) for p, text in stats.items() if text.rpartition(")")[2].split()[2] == str(group)]


def peak_megabytes(process_id: int) -> float:
    """Return the most memory that a process ever had, in MB (proc(5), VmHWM)."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1000
