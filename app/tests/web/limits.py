"""How often is too often, and for whom it counts."""

import threading
import unittest
from unittest import mock

from app.extensions import limiter, visitor_address
from app.provider.models import Account
from app.tests.support.base import PASSWORD, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.openid.signing_in import SecondProviderCase
from app.views.errors import in_words

# Where this site does not go to look.
NOBODYS = "http://127.0.0.1:1/"


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

    def look_in_vain(self, browser, times: int = 25) -> None:
        for _ in range(times):
            browser.get("/login")
            browser.submit(openid=NOBODYS)
            self.assertEqual(browser.status, 400)

    def test_looking_in_vain_25_times_in_5_minutes(self):
        browser = self.browser()
        self.look_in_vain(browser)
        browser.get("/login")
        browser.submit(openid="me.example.com")
        self.assert_turned_away(browser)
        self.assertIn("Back to the home page", browser.page.links)
        # What was typed is in its box, ready to be sent again, and reading is not limited.
        form = next(form for form in browser.page.forms if "Send it again" in form.buttons)
        self.assertEqual(form.fields["openid"], "me.example.com")
        self.assertEqual(browser.get("/login").status_code, 200)
        with self.subTest("nobody else at this address is shut out of this site's own accounts"):
            other = self.browser()
            other.get("/login")
            other.ask_own_provider()
            self.assertEqual((other.path, other.status), ("/openid/sign-in", 200))

    def test_empty_forms_and_sign_ins_with_this_site_do_not_count(self):
        browser = self.browser()
        for _ in range(30):
            browser.get("/login")
            self.assertEqual(browser.submit(openid="").status_code, 400)
            browser.submit(openid="x" * 256)
            self.assertEqual(browser.status, 400)
            browser.ask_own_provider()
            self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 200))
        self.look_in_vain(browser, 1)

    def test_adding_openids_is_counted_for_each_user(self):
        for user in (self.john, self.susan):
            browser = self.browser(user)
            for _ in range(25):
                browser.get("/settings/account")
                browser.submit(openid=NOBODYS)
                self.assertEqual(browser.response.status_code, 400)
            browser.get("/settings/account")
            browser.submit(openid=NOBODYS)
            self.assertEqual(browser.status, 429)

    def test_joining_10_times_an_hour(self):
        browser = self.browser()
        for number in range(10):
            browser.get("/openid/join")
            # Neither a form that is refused nor a password that is shown makes an account.
            browser.submit(username=f"miguel{number}", password="password")
            self.assertEqual(browser.status, 400)
            browser.submit(username=f"miguel{number}", password=PASSWORD, button="Show password")
            self.assertEqual(browser.status, 200)
            browser.submit(username=f"miguel{number}", password=PASSWORD)
            self.assertEqual(browser.path, "/openid")
        for more in ({}, {"show": ""}, {"show": "false"}):
            with self.subTest(more):
                browser.get("/openid/join")
                form = {"csrf_token": browser.token(), "username": "onemore", **more}
                browser.post("/openid/join", {**form, "password": PASSWORD})
                self.assert_turned_away(browser)
        self.assertEqual(self.count(Account), 10)

    def test_15_accounts_at_once(self):
        forms = []
        # Fewer than a process has connections, so that none waits for one in vain.
        for number in range(15):
            browser = self.browser()
            browser.get("/openid/join")
            form = {"csrf_token": browser.token(), "username": f"miguel{number}"}
            forms.append((browser, {**form, "password": PASSWORD, "show": "false"}))
        threads = [
            threading.Thread(target=browser.post, args=("/openid/join", form))
            for browser, form in forms
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.count(Account), 10)
        self.assertEqual(
            sorted(browser.status for browser, _ in forms), sorted([200] * 10 + [429] * 5)
        )

    def test_forms_for_joining_60_times_in_5_minutes(self):
        browser = self.browser()
        browser.get("/openid/join")
        for _ in range(60):
            browser.submit(username="a b", password="")
            self.assertEqual(browser.status, 400)
        browser.submit(username="a b", password=PASSWORD)
        self.assert_turned_away(browser)
        self.assertIn("a b", browser.page.words)

    def test_deciding_60_times_in_5_minutes(self):
        browser = self.browser()
        for _ in range(60):
            self.assertEqual(browser.get("/openid/consent").status_code, 200)
        self.assertEqual(browser.get("/openid/consent").status_code, 429)

    def test_deciding_is_counted_for_each_account(self):
        stranger = self.browser()
        for _ in range(61):
            stranger.get("/openid/consent")
        self.assertEqual(stranger.status, 429)
        for username in ("miguel", "ingrid"):
            member = self.browser()
            member.get("/openid/join")
            member.submit(username=username, password=PASSWORD)
            for status in [200] * 60 + [429]:
                self.assertEqual(member.get("/openid/consent").status_code, status)

    def test_one_address_does_not_use_up_what_another_has(self):
        first, second = self.browser(), self.browser()
        second.client.environ_base["REMOTE_ADDR"] = "127.0.0.2"
        self.look_in_vain(first)
        for browser, status in ((first, 429), (second, 400)):
            browser.get("/login")
            browser.submit(openid=NOBODYS)
            self.assertEqual(browser.status, status)

    def test_a_household_of_ipv6_addresses_counts_as_one(self):
        def counted(address: str) -> str:
            with self.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
                return visitor_address()

        self.assertEqual(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"))
        self.assertNotEqual(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"))
        self.assertNotEqual(counted("192.0.2.1"), counted("192.0.2.2"))
        self.assertEqual(counted("nonsense"), "unknown")


class OtherSitesLimitTests(SecondProviderCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_they_are_looked_for_200_times_in_5_minutes(self):
        for _ in range(200):
            self.assertIsNone(self.begin().response)
        self.assertEqual(self.begin().status, 429)
        with self.subTest("whoever is on the way back arrives"):
            with mock.patch.object(limiter, "enabled", False):
                late = self.begin()
            late = self.come_back(late, self.decide(late))
            self.assertEqual(late.page.heading, "Hi, susan!")


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
                self.assertEqual(in_words(seconds), words)
