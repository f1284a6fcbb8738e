"""How passwords are hashed: how often, how many at once, and with what in hand."""

import contextlib
import hashlib
import threading
from unittest import mock

from app import db
from app.database import end_transaction
from app.provider.models import Account
from app.provider.passwords import hashing
from app.tests.support.base import PASSWORD, SITE, JoinMixin, TestCase
from app.tests.support.programs.processes import START_SECONDS, wait_until

NEW_PASSWORD = "staple battery horse"


class HashingTests(JoinMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.miguel = self.join("miguel")
        self.calls = []
        self.during = lambda: None
        real = hashlib.scrypt

        def scrypt(*arguments, **options):
            self.calls.append({name: options[name] for name in "nrp"})
            self.during()
            return real(*arguments, **options)

        patch = mock.patch.object(hashlib, "scrypt", scrypt)
        patch.start()
        self.addCleanup(patch.stop)

    def sign_in(self, username: str, password: str):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username=username, password=password)
        return browser

    def test_an_unknown_username_costs_what_a_wrong_password_does(self):
        gone = self.browser()
        gone.join_provider("susan")
        gone.get("/openid/delete")
        gone.submit(password=PASSWORD)
        work = {}
        for name, username, password in (
            ("right", "miguel", PASSWORD),
            ("wrong", "miguel", "a wrong one"),
            ("unknown", "nobody", PASSWORD),
            ("deleted", "susan", PASSWORD),
            ("no username at all", "a b", PASSWORD),
        ):
            self.calls.clear()
            self.sign_in(username, password)
            work[name] = list(self.calls)
        self.assertEqual(work["right"], [{"n": 1024, "r": 8, "p": 1}])
        for name, calls in work.items():
            self.assertEqual(calls, work["right"], name)

    def test_a_form_with_nothing_in_it_costs_nothing(self):
        for username, password in (("", ""), ("miguel", ""), ("", PASSWORD)):
            self.assertEqual(self.sign_in(username, password).status, 400)
        self.assertEqual(self.calls, [])

    def test_no_connection_is_held_meanwhile(self):
        end_transaction()
        held = []
        self.during = lambda: held.append(db.engine.pool.checkedout())
        self.sign_in("miguel", PASSWORD)
        self.sign_in("miguel", "a wrong one")
        self.sign_in("nobody", PASSWORD)
        self.join("susan")
        self.owner_of(SITE + "/id/miguel").add_identity("https://miguel.example.com/")
        self.miguel.get("/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.miguel.get("/openid/delete")
        self.miguel.submit(password="a wrong one")
        end_transaction()
        self.run_command("account", "reset", "miguel")
        self.assertEqual(held, [0] * 8)

    def test_a_password_that_is_changed_meanwhile_is_right_no_more(self):
        account = Account.find("miguel")

        def change():
            self.during = lambda: None
            account.set_password(NEW_PASSWORD)

        self.during = change
        with mock.patch.object(hashing, "_running", threading.BoundedSemaphore(2)):
            self.assertIsNone(Account.authenticate("miguel", PASSWORD))
        self.assertIsNotNone(Account.authenticate("miguel", NEW_PASSWORD))

    @contextlib.contextmanager
    def crowd(self, size: int, username="miguel", password=PASSWORD):
        """Have so many sign in at once, and hold the hashing back within the block."""
        go_on, now_hashing, self.most = threading.Event(), set(), 0

        def wait():
            now_hashing.add(threading.get_ident())
            self.most = max(self.most, len(now_hashing))
            go_on.wait(START_SECONDS)
            now_hashing.discard(threading.get_ident())

        self.during = wait
        browsers = [self.browser() for _ in range(size)]
        for browser in browsers:
            browser.get("/openid/sign-in")
        threads = [
            threading.Thread(
                target=browser.submit, kwargs={"username": username, "password": password}
            )
            for browser in browsers
        ]
        for thread in threads:
            thread.start()
        try:
            yield browsers
        finally:
            go_on.set()
            for thread in threads:
                thread.join()

    def inside(self) -> int:
        """Return how many have a turn or wait for one."""
        return hashing.MAX_AT_ONCE + hashing.MAX_WAITING - hashing._inside._value

    def test_two_are_hashed_at_once_and_the_others_wait(self):
        with self.crowd(6) as browsers:
            wait_until(lambda: self.inside() == 6, START_SECONDS, "all six")
            wait_until(lambda: len(self.calls) == 2, START_SECONDS, "two of them hashed")
        self.assertEqual([browser.path for browser in browsers], ["/openid"] * 6)
        self.assertEqual((self.most, len(self.calls)), (2, 6))

    def test_whoever_would_be_one_too_many_is_told_at_once_and_nothing_typed_is_lost(self):
        with (
            mock.patch.object(hashing, "_inside", threading.BoundedSemaphore(3)),
            self.crowd(3) as browsers,
        ):
            wait_until(lambda: hashing._inside._value == 0, START_SECONDS, "a full house")
            late = self.browser()
            late.get("/openid/sign-in")
            late.submit(username="miguel", password=PASSWORD)
            self.assertEqual((late.status, late.page.heading), (503, "Busy just now"))
            self.assertEqual(late.response.headers["Retry-After"], str(hashing.RETRY_SECONDS))
            self.assertIn("Please go back and try again in 5 seconds.", late.page.words)
            self.assertIn("miguel", late.page.words)
            self.assertNotIn(PASSWORD, late.text)
            # Whoever wants none hashed is served as ever.
            late.get("/healthz")
            self.assertEqual(late.status, 200)
        self.assertEqual([browser.path for browser in browsers], ["/openid"] * 3)

    def test_one_address_leaves_room_for_others(self):
        with (
            mock.patch.object(hashing, "MAX_FROM_ONE_ADDRESS", 3),
            self.crowd(5) as crowd,
        ):
            wait_until(lambda: self.inside() == 3, START_SECONDS, "as many as may")
            wait_until(lambda: len(self.calls) == 2, START_SECONDS, "two of them hashed")
            other = self.browser()
            other.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
            other.get("/openid/sign-in")
            waiting = threading.Thread(
                target=other.submit, kwargs={"username": "miguel", "password": PASSWORD}
            )
            waiting.start()
            wait_until(lambda: self.inside() == 4, START_SECONDS, "one from elsewhere")
        waiting.join()
        self.assertEqual(other.path, "/openid")
        self.assertEqual(sorted(browser.status for browser in crowd), [200] * 3 + [503] * 2)
        self.assertFalse(hashing._from_address)

    def test_nobody_waits_for_ever(self):
        with mock.patch.object(hashing, "MAX_WAIT_SECONDS", 0), self.crowd(2):
            wait_until(lambda: len(self.calls) == 2, START_SECONDS, "two of them hashed")
            self.assertEqual(self.sign_in("miguel", PASSWORD).status, 503)
        self.assertEqual(self.inside(), 0)
        self.assertEqual(self.sign_in("miguel", PASSWORD).path, "/openid")
