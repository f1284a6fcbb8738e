"""Guessing an account's password: who guesses wrong waits, and nobody else does for long."""

import hashlib
import threading
import time
import unittest
from unittest import mock

from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app import db
from app.extensions import limiter
from app.provider import models
from app.provider.models import Account
from app.provider.passwords import guesses, hashing, known_browsers
from app.tests.support.base import PASSWORD, Browser, JoinMixin, TestCase
from app.tests.support.programs.processes import free_port, redis_server

NEW_PASSWORD = "staple battery horse"


class GuessCase(JoinMixin, TestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        # The clock stands still until it is set forward.
        self.now = time.time()
        patch = mock.patch("time.time", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        limiter.reset()
        self.miguel = self.join("miguel")

    def at(self, address: str) -> Browser:
        browser = self.browser()
        browser.client.environ_base["REMOTE_ADDR"] = address
        return browser

    def guess(self, browser: Browser, password="a guess", username="miguel") -> int:
        """Give the status of the answer; 200 stands for a sign-in."""
        browser.get("/openid/sign-in")
        browser.submit(username=username, password=password)
        return browser.status

    def waits(self, browser: Browser) -> int:
        """Give the seconds after which the page says to come back."""
        self.assertEqual((browser.status, browser.page.heading), (429, "Not so fast"))
        self.assertIn("The password was wrong too often. Please try again in", browser.page.words)
        return int(browser.response.headers["Retry-After"])

    def guess_on(self, browser: Browser, times: int, username="miguel") -> None:
        """Guess wrong so many times, as soon as it is possible each time."""
        while times:
            if self.guess(browser, username=username) == 429:
                self.now += int(browser.response.headers["Retry-After"])
            else:
                times -= 1


class GuessTests(GuessCase):
    def test_after_five_wrong_ones_each_makes_the_next_wait_twice_as_long(self):
        browser = self.browser()
        for _ in range(6):
            self.assertEqual(self.guess(browser), 400)
        for pause in (2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
            with self.subTest(pause):
                self.assertEqual(self.guess(browser), 429)
                self.assertEqual(self.waits(browser), pause)
                self.now += pause - 1
                # Whoever asks too soon does not wait longer for that, and is not let in.
                self.assertEqual(self.guess(browser, PASSWORD), 429)
                self.assertEqual(self.waits(browser), 1)
                self.now += 1
                self.assertEqual(self.guess(browser), 400)

    def test_what_was_typed_is_kept_and_the_password_is_not(self):
        browser = self.browser()
        self.guess_on(browser, 6)
        self.guess(browser, PASSWORD)
        self.assertEqual(self.waits(browser), 2)
        self.assertIn("miguel", browser.page.words)
        self.assertNotIn(PASSWORD, browser.text)

    def test_the_right_one_ends_it(self):
        browser = self.browser()
        self.guess_on(browser, 8)
        self.assertEqual(self.guess(browser, PASSWORD), 429)
        self.now += 8
        self.assertEqual(self.guess(browser, PASSWORD), 200)
        self.assertEqual([self.guess(self.browser()) for _ in range(5)], [400] * 5)

    def test_neither_the_right_one_nor_an_empty_form_counts(self):
        for _ in range(30):
            self.assertEqual(self.guess(self.browser(), PASSWORD), 200)
            self.assertEqual(self.guess(self.browser(), ""), 400)
            self.assertEqual(self.guess(self.browser(), PASSWORD, username=""), 400)
        self.assertEqual(self.guess(self.browser()), 400)

    def test_whether_there_is_such_an_account_makes_no_difference(self):
        seen = []
        for username in ("miguel", "nobody"):
            browser = self.at(f"192.0.2.{len(seen) + 1}")
            answers = []
            for _ in range(12):
                status = self.guess(browser, username=username)
                answers.append((status, browser.page.words.replace(username, "")))
                self.now += 1
            seen.append(answers)
        self.assertEqual(seen[0], seen[1])
        self.assertIn(429, [status for status, _ in seen[0]])

    def test_many_at_once_are_no_more_than_one_after_the_other(self):
        checked = []
        real = hashlib.scrypt

        def scrypt(*arguments, **options):
            checked.append(None)
            return real(*arguments, **options)

        crowd = [self.browser() for _ in range(20)]
        for browser in crowd:
            browser.get("/openid/sign-in")
        threads = [
            threading.Thread(
                target=browser.submit, kwargs={"username": "miguel", "password": "a guess"}
            )
            for browser in crowd
        ]
        with mock.patch.object(hashlib, "scrypt", scrypt):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(checked), guesses.FREE_GUESSES + 1)
        self.assertEqual(
            sorted(browser.status for browser in crowd), sorted([400] * 6 + [429] * 14)
        )

    def test_a_guess_that_nobody_looked_at_does_not_count(self):
        browser = self.browser()
        with mock.patch.object(hashing, "_inside", threading.BoundedSemaphore(1)) as inside:
            inside.acquire()
            self.assertEqual([self.guess(browser) for _ in range(9)], [503] * 9)
        self.assertEqual([self.guess(browser) for _ in range(7)], [400] * 6 + [429])

    def test_changing_the_password_and_leaving_are_no_way_to_guess_it(self):
        for path, fields in (
            ("/openid/password", {"old_password": "a guess", "password": NEW_PASSWORD}),
            ("/openid/delete", {"password": "a guess"}),
        ):
            with self.subTest(path):
                limiter.reset()
                statuses = []
                for _ in range(7):
                    self.miguel.get(path)
                    statuses.append(self.miguel.submit(**fields).status_code)
                self.assertEqual(statuses, [400] * 6 + [429])
                self.assertNotIn("a guess", self.miguel.text)
                self.assertNotIn(NEW_PASSWORD, self.miguel.text)
        self.assertIsNotNone(Account.authenticate("miguel", PASSWORD))

    def test_signing_in_without_end_fills_nothing(self):
        with mock.patch.object(models, "MAX_SIGN_INS", 3):
            crowd = [self.browser() for _ in range(5)]
            for browser in crowd:
                self.assertEqual(self.guess(browser, PASSWORD), 200)
        self.assertEqual(self.count(models.AccountSignIn), 3)
        signed_in = []
        for browser in crowd:
            browser.get("/openid")
            signed_in.append("Sign in to your account" not in browser.page.links)
        self.assertEqual(signed_in, [False] * 2 + [True] * 3)

    def test_what_is_stored_tells_no_username(self):
        self.guess_on(self.browser(), 7, username="correct horse")
        kept = repr(limiter.storage.storage) + repr(limiter.storage.events)
        self.assertIn("guesses/", kept)
        self.assertNotIn("correct", kept)


class OwnerTests(GuessCase):
    """Somebody guesses all day at the account of somebody else, who wants to sign in."""

    def attack(self, *addresses: str) -> None:
        """Guess as often as possible for an hour, from each of these addresses."""
        end = self.now + 60 * 60
        crowd = [self.at(address) for address in addresses]
        while self.now < end:
            wait = 0
            for browser in crowd:
                if self.guess(browser) == 429:
                    wait = int(browser.response.headers["Retry-After"])
            self.now += wait

    def test_another_address_does_not_wait_and_then_not_for_long(self):
        self.attack(*(f"198.51.100.{number}" for number in range(12)))
        owner = self.at("192.0.2.1")
        self.assertEqual(self.guess(owner, PASSWORD), 200)
        with self.subTest("who mistypes"):
            owner = self.at("192.0.2.2")
            pauses = []
            for _ in range(4):
                self.assertEqual(self.guess(owner), 400)
                self.assertEqual(self.guess(owner, PASSWORD), 429)
                pauses.append(self.waits(owner))
                self.now += pauses[-1]
            # It grows with what strangers guess, but only so far.
            self.assertEqual(pauses, [2, 4, 8, 16])
            self.assertEqual(self.guess(owner, PASSWORD), 200)

    def test_the_browser_that_signed_in_before_does_not_wait_even_at_the_same_address(self):
        owner = self.at("192.0.2.66")
        self.assertEqual(self.guess(owner, PASSWORD), 200)
        owner.get("/openid")
        owner.submit(button="Sign out of this account")
        self.attack("192.0.2.66")
        self.assertEqual([self.guess(self.at("192.0.2.66")) for _ in range(2)], [400, 429])
        self.assertEqual(self.guess(owner, "mistyped"), 400)
        self.assertEqual(self.guess(owner, PASSWORD), 200)

    def test_nor_when_the_address_has_guessed_at_many_accounts(self):
        owner = self.at("192.0.2.66")
        self.guess(owner, PASSWORD)
        attacker = self.at("192.0.2.66")
        for number in range(25):
            self.assertEqual(self.guess(attacker, username=f"user{number}"), 400)
        self.assertEqual(self.guess(attacker, username="user25"), 429)
        self.assertEqual(self.guess(self.at("192.0.2.1"), PASSWORD), 200)
        self.assertEqual(self.guess(owner, PASSWORD), 200)
        with self.subTest("that browser is known for its own accounts alone"):
            self.assertEqual(self.guess(owner, username="user26"), 429)
        with self.subTest("others there have to wait for five minutes at most"):
            newcomer = self.at("192.0.2.66")
            self.assertEqual(self.guess(newcomer, PASSWORD), 429)
            self.assertLessEqual(int(newcomer.response.headers["Retry-After"]), 301)
            self.now += int(newcomer.response.headers["Retry-After"])
            self.assertEqual(self.guess(newcomer, PASSWORD), 200)

    def test_a_known_browser_is_slowed_by_its_own_wrong_ones(self):
        statuses = [self.guess(self.miguel) for _ in range(7)]
        self.assertEqual(statuses, [400] * 6 + [429])
        self.assertEqual(self.guess(self.browser()), 400)

    def test_many_addresses_have_the_fewer_free_guesses_the_more_they_are(self):
        addresses = [f"198.51.100.{number}" for number in range(100)]
        for address in addresses:
            self.assertEqual(self.guess(self.at(address)), 400)
        statuses = [[self.guess(self.at(address)) for _ in range(3)] for address in addresses[:5]]
        self.assertEqual(statuses, [[400, 429, 429]] * 5)

    def test_a_household_of_addresses_counts_as_one(self):
        statuses = [self.guess(self.at(f"2001:db8:1:2::{n}")) for n in range(7)]
        self.assertEqual(statuses, [400] * 6 + [429])


class KnownBrowserTests(GuessCase):
    """The cookie of a browser in which somebody signed in before."""

    def known(self, browser: Browser, username="miguel") -> bool:
        cookie = browser.cookie("known")
        headers = {"Cookie": f"known={cookie.value}"} if cookie else {}
        with self.app.test_request_context(headers=headers):
            return known_browsers.known_mark(Account.find(username)) is not None

    def test_it_is_set_by_a_sign_in_alone(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        self.guess(browser)
        self.assertIsNone(browser.cookie("known"))
        self.guess(browser, PASSWORD)
        cookie = browser.cookie("known")
        self.assertTrue(cookie.http_only)
        self.assertEqual((cookie.same_site, cookie.path), ("Lax", "/"))
        self.assertNotIn("miguel", cookie.value)
        self.assertTrue(self.known(browser))

    def test_each_browser_has_a_mark_of_its_own(self):
        marks = set()
        for _ in range(3):
            browser = self.browser()
            self.guess(browser, PASSWORD)
            marks.add(browser.cookie("known").value)
        self.assertEqual(len(marks), 3)

    def test_it_is_good_for_its_account_and_password_alone(self):
        susan = self.join("susan")
        self.assertFalse(self.known(susan))
        self.assertFalse(self.known(self.miguel, "susan"))
        old = self.browser()
        self.guess(old, PASSWORD)
        self.miguel.get("/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        db.session.rollback()
        self.assertFalse(self.known(old))
        self.assertTrue(self.known(self.miguel))

    def test_nobody_can_make_one(self):
        real = self.miguel.cookie("known").value
        mark, _, signature = real.rpartition(".")
        for value in (
            "",
            "known",
            mark,
            f"{mark}.{'A' * len(signature)}",
            f"{mark}x.{signature}",
            f"other.{signature}",
            "~".join(["x"] * 200 + [real]),
            "é" * 30,
            "." * 5000,
        ):
            with self.subTest(value[:40]):
                browser = self.at("192.0.2.9")
                limiter.reset()
                self.guess_on(self.at("192.0.2.9"), 6)
                browser.client.set_cookie("known", value, domain="127.0.0.1")
                self.assertEqual(self.guess(browser, PASSWORD), 429)

    def test_it_stays_small_however_many_accounts_use_a_browser(self):
        browser = self.browser()
        names = [f"member{number}" for number in range(6)]
        for name in names:
            self.join(name, browser=self.browser())
        for name in names:
            self.guess(browser, PASSWORD, username=name)
        self.assertLess(len(browser.cookie("known").value), 250)
        self.assertEqual([self.known(browser, name) for name in names], [False] * 2 + [True] * 4)
        with self.subTest("signing in once more takes no second place"):
            self.guess(browser, PASSWORD, username=names[-1])
            self.assertTrue(all(self.known(browser, name) for name in names[2:]))

    def test_under_https_it_is_bound_to_this_host(self):
        site = "https://blog.example"
        self.app = self.make_app(SITE_URL=site, RATELIMIT_ENABLED="on")
        browser = Browser(self.app, site)
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        cookie = browser.client.get_cookie("__Host-known", domain="blog.example")
        self.assertTrue(cookie.secure and cookie.http_only)
        self.assertEqual(cookie.path, "/")


class SharedGuessTests(GuessCase):
    """Counts that several processes share, and what happens while they cannot."""

    def test_redis_counts_for_all_processes(self):
        _, uri = redis_server(self)
        browser = self.browser()
        for statuses in ([400] * 4, [400] * 2 + [429] * 2):
            # As another process has it.
            storage = storage_from_string(uri)
            with mock.patch.object(guesses, "_storage", lambda storage=storage: storage):
                self.assertEqual([self.guess(browser) for _ in range(4)], statuses)
                self.assertEqual(self.waits(browser) if browser.status == 429 else 2, 2)
        self.assertEqual(self.guess(browser, PASSWORD), 200)

    def test_without_its_redis_a_process_counts_for_itself(self):
        away = storage_from_string(f"redis://127.0.0.1:{free_port()}/0")
        browser = self.browser()
        with mock.patch.object(limiter, "_limiter", FixedWindowRateLimiter(away)):
            self.assertEqual([self.guess(browser) for _ in range(7)], [400] * 6 + [429])
            self.assertEqual(self.guess(self.miguel, PASSWORD), 200)


class PauseTests(unittest.TestCase):
    def test_it_grows_with_what_one_guesses_and_a_little_with_what_others_do(self):
        for wrong, strangers, seconds in (
            (1, 0, 0),
            (5, 0, 0),
            (6, 0, 2),
            (7, 0, 4),
            (14, 0, 512),
            (15, 0, 900),
            (10**6, 0, 900),
            (1, 19, 0),
            (5, 20, 2),
            (1, 99, 0),
            (1, 100, 2),
            (1, 10**9, 2),
            (3, 10**9, 8),
        ):
            with self.subTest(wrong=wrong, strangers=strangers):
                self.assertEqual(guesses.pause_after(wrong, strangers), seconds)
