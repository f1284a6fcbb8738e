"""How often is too often, and for whom it counts."""

import unittest

from app.extensions import visitor_address
from app.tests.base import PASSWORD, PeopleTestCase
from app.tests.clock import Clock
from app.views.errors import told


class LimitTests(PeopleTestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)

    def assert_turned_away(self, browser):
        self.assertEqual(browser.status, 429)
        self.assertEqual(browser.page.heading, "Not so fast")
        self.assertRegex(browser.page.words, r"Please try again in \d+ (seconds|minutes)\.")
        self.assertGreater(int(browser.response.headers["Retry-After"]), 0)
        self.assertNotIn(PASSWORD, browser.text)

    def test_signing_in_25_times_in_5_minutes(self):
        browser = self.browser()
        browser.get("/login")
        for _ in range(25):
            self.assertEqual(browser.submit(openid="").status_code, 400)
        browser.submit(openid="me.example.com")
        self.assert_turned_away(browser)
        # What was typed is not lost, and reading is not limited.
        self.assertIn("me.example.com", browser.page.words)
        self.assertEqual(browser.get("/login").status_code, 200)

    def test_joining_10_times_an_hour(self):
        browser = self.browser()
        for number in range(10):
            browser.get("/openid/join")
            browser.submit(username=f"miguel{number}", password=PASSWORD)
            self.assertEqual(browser.path, "/openid")
        browser.get("/openid/join")
        browser.submit(username="onemore", password=PASSWORD)
        self.assert_turned_away(browser)

    def test_deciding_60_times_in_5_minutes(self):
        browser = self.browser()
        for _ in range(60):
            self.assertEqual(browser.get("/openid/consent").status_code, 200)
        self.assertEqual(browser.get("/openid/consent").status_code, 429)

    def test_one_address_does_not_use_up_what_another_has(self):
        first, second = self.browser(), self.browser()
        second.client.environ_base["REMOTE_ADDR"] = "127.0.0.2"
        for browser in (first, second):
            browser.get("/login")
        for _ in range(26):
            first.submit(openid="")
        self.assertEqual(first.status, 429)
        self.assertEqual(second.submit(openid="").status_code, 400)

    def test_a_household_of_ipv6_addresses_counts_as_one(self):
        def counted(address: str) -> str:
            with self.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
                return visitor_address()

        self.assertEqual(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"))
        self.assertNotEqual(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"))
        self.assertNotEqual(counted("192.0.2.1"), counted("192.0.2.2"))
        self.assertEqual(counted("nonsense"), "unknown")


class WaitTests(unittest.TestCase):
    def test_a_wait_is_told_in_the_unit_that_fits_and_never_too_short(self):
        for seconds, words in {
            1: "1 second",
            119: "119 seconds",
            120: "2 minutes",
            121: "3 minutes",
            7199: "120 minutes",
            7200: "2 hours",
            86400: "24 hours",
        }.items():
            with self.subTest(seconds):
                self.assertEqual(told(seconds), words)
