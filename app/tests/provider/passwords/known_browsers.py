"""Whose account is guessed at is not kept out: owners, and browsers that were in before."""

from datetime import timedelta

from app import db
from app.extensions import limiter
from app.provider.models import Account
from app.provider.passwords import known_browsers
from app.tests.support.base import PASSWORD, Browser
from app.tests.support.people.guesses import NEW_PASSWORD, GuessCase


class OwnerTests(GuessCase):
    """Somebody guesses all day at the account of somebody else, who wants to sign in."""

    def attack(self, *addresses: str) -> None:
        """Guess as often as possible for an hour, from each of these addresses."""
        end = self.clock.moment + timedelta(hours=1)
        crowd = [self.at(address) for address in addresses]
        while self.clock.moment < end:
            wait = 0
            for browser in crowd:
                if self.guess(browser) == 429:
                    wait = int(browser.response.headers["Retry-After"])
            self.clock.move(seconds=wait)

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
                self.clock.move(seconds=pauses[-1])
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
            self.clock.move(seconds=int(newcomer.response.headers["Retry-After"]))
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
