"""Guessing an account's password: who guesses wrong waits, and nobody else does for long."""

import hashlib
import threading
import unittest
from unittest import mock

from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.extensions import limiter
from app.provider import models
from app.provider.models import Account
from app.provider.passwords import guesses, hashing
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.people.guesses import NEW_PASSWORD, GuessCase
from app.tests.support.programs.processes import free_port, redis_server


class GuessTests(GuessCase):
    def test_after_five_wrong_ones_each_makes_the_next_wait_twice_as_long(self):
        browser = self.browser()
        for _ in range(6):
            self.assertEqual(self.guess(browser), 400)
        for pause in (2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
            with self.subTest(pause):
                self.assertEqual(self.guess(browser), 429)
                self.assertEqual(self.waits(browser), pause)
                self.clock.move(seconds=pause - 1)
                # Whoever asks too soon does not wait longer for that, and is not let in.
                self.assertEqual(self.guess(browser, PASSWORD), 429)
                self.assertEqual(self.waits(browser), 1)
                self.clock.move(seconds=1)
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
        self.clock.move(seconds=8)
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
                self.clock.move(seconds=1)
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
        self.owner_of(SITE + "/id/miguel").add_identity("https://miguel.example.com/")
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
        own = FixedWindowRateLimiter(MemoryStorage())
        with (
            mock.patch.object(limiter, "_limiter", FixedWindowRateLimiter(away)),
            # What it counts with meanwhile, and that it does, is put back as well.
            mock.patch.multiple(limiter, _fallback_limiter=own, _storage_dead=False),
            mock.patch.object(guesses, "_own_storage", None),
        ):
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
