"""A SQLite file that others write: everybody gets a turn, or a page that keeps what was typed."""

import sqlite3
import threading
import unittest
from unittest import mock

import sqlalchemy as sa

from app import create_app, db
from app.database import engine, transactions, turns
from app.database.upgrade import upgrade
from app.models import Post, User
from app.tests.support.base import Browser, PeopleTestCase, settings
from app.tests.support.concurrency import PATIENCE, ConcurrencyCase
from app.tests.support.programs.processes import TEST_SERVER, fresh_database


class TurnTests(unittest.TestCase):
    def test_who_asked_first_goes_first(self):
        queue, order, threads = turns.Turns(), [], []

        def take(number: int) -> None:
            with queue.turn(PATIENCE):
                order.append(number)

        with queue.turn(0):
            for number in range(50):
                thread = threading.Thread(target=take, args=(number,))
                thread.start()
                threads.append(thread)
                while len(queue._waiting) <= number:
                    pass
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(order, list(range(50)))

    def test_who_waits_in_vain_leaves_the_queue_and_nobody_behind_is_forgotten(self):
        queue = turns.Turns()
        with queue.turn(0):
            with self.assertRaises(turns.Busy), queue.turn(0.01):
                self.fail("there was no turn")
            self.assertEqual(len(queue._waiting), 0)
        with self.assertRaises(ZeroDivisionError), queue.turn(0):
            raise ZeroDivisionError
        with queue.turn(0):
            pass


@unittest.skipIf(TEST_SERVER, "about SQLite alone")
class BusyTests(ConcurrencyCase, PeopleTestCase):
    def test_nobody_waits_for_more_than_ten_seconds(self):
        self.assertLessEqual(engine.BUSY_SECONDS + transactions.TURN_SECONDS, 10)

    def test_fifty_people_who_post_at_once_lose_nothing(self):
        browsers = [self.browser(self.susan if n % 2 else self.john) for n in range(50)]
        for browser in browsers:
            browser.get("/")

        def post(number: int, browser: Browser) -> int:
            browser.submit(post=f"post {number}")
            return browser.status

        statuses = self.at_once(
            lambda n=n, browser=browser: post(n, browser) for n, browser in enumerate(browsers)
        )
        self.assertEqual(statuses, [200] * 50)
        db.session.rollback()
        self.assertEqual(
            set(db.session.scalars(sa.select(Post.body))), {f"post {n}" for n in range(50)}
        )

    def assert_kept_while_locked(self, *begin: str) -> None:
        """Post while another program has a lock on the file, for longer than anybody waits."""
        # The real wait is one of SQLite's own, and tried by its figure above.
        self.enterContext(mock.patch.object(engine, "BUSY_SECONDS", 0.05))
        # Nobody else has this file open.
        app = create_app(**settings(DATABASE_URL=fresh_database(self), TESTING=False))
        upgrade(app)
        browser = Browser(app)
        with app.app_context():
            browser.sign_in(User.sign_up("https://john.example.com/", "john", None))
            browser.get("/")
            db.session.remove()
            db.engine.dispose()
            self.addCleanup(db.engine.dispose)
            path = db.engine.url.database
        other = sqlite3.connect(path, isolation_level=None)
        self.addCleanup(other.close)
        for statement in begin:
            other.execute(statement).fetchall()
        with self.assertLogs(app.logger, "WARNING") as logged:
            browser.submit(post="hard to write")
        self.assertEqual((browser.status, browser.page.heading), (503, "Busy just now"))
        self.assertIn("hard to write", browser.page.words)
        self.assertEqual(browser.response.headers["Retry-After"], "5")
        self.assertNotIn("hard to write", "".join(logged.output))
        self.assertEqual(browser.get("/healthz").status_code, 200)
        other.close()
        browser.get("/")
        browser.submit(post="hard to write")
        self.assertEqual(browser.page.statuses, ["Your post is live."])

    def test_a_write_of_another_program_that_does_not_end_is_a_page_that_keeps_the_text(self):
        self.assert_kept_while_locked("BEGIN EXCLUSIVE")

    def test_so_is_one_that_nobody_can_even_read_beside(self):
        self.assert_kept_while_locked("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
