"""Guessing codes, with the password known: it is slow, and the owner gets in all the while."""

from app.extensions import limiter
from app.provider.passwords import guesses
from app.tests.support.base import Browser
from app.tests.support.people.second_factor import SecondFactorCase


class CodeGuessTests(SecondFactorCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        self.clock.move(minutes=2)

    def at(self, address: str) -> Browser:
        browser = self.browser()
        browser.client.environ_base["REMOTE_ADDR"] = address
        return self.half(browser=browser)

    def guess(self, browser: Browser, code: str | None = None) -> int:
        browser.submit(code=code or self.wrong())
        return browser.status

    def wrong(self) -> str:
        right = {self.phone.shows(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)

    def test_after_five_wrong_ones_each_makes_the_next_wait_twice_as_long(self):
        browser = self.at("192.0.2.1")
        url, forms = browser.url, browser.response
        answers = [self.guess(browser) for _ in range(6)]
        self.assertEqual(answers, [400] * 6)
        for pause in (2, 4, 8, 16, 32):
            self.assertEqual(self.guess(browser), 429)
            self.assertEqual(browser.response.headers["Retry-After"], str(pause))
            self.assertIn("The code was wrong too often.", browser.page.words)
            browser.url, browser.response = url, forms
            # The right one is not looked at either.
            self.assertEqual(self.guess(browser, self.phone.shows()), 429)
            browser.url, browser.response = url, forms
            self.clock.move(seconds=pause)
            self.assertEqual(self.guess(browser), 400)

    def test_strangers_everywhere_come_to_an_end_and_the_owner_gets_in(self):
        for number in range(guesses.CODE.most_of_strangers):
            self.assertEqual(self.guess(self.at(f"192.0.2.{number + 1}")), 400)
        stranger = self.at("198.51.100.1")
        self.assertEqual(self.guess(stranger, self.phone.shows()), 429)
        self.assertGreater(int(stranger.response.headers["Retry-After"]), 60 * 60)
        self.assertFalse(self.is_in(stranger))
        # In the browser that was here before, and anywhere with a recovery code.
        self.half(browser=self.home).submit(code=self.phone.next())
        self.assertTrue(self.is_in(self.home))
        anywhere = self.at("198.51.100.2")
        anywhere.submit(code=self.codes[0])
        self.assertTrue(self.is_in(anywhere))
        self.clock.move(seconds=guesses.COUNTED_SECONDS)
        stranger = self.at("198.51.100.3")
        self.assertEqual(self.guess(stranger, self.phone.shows()), 200)

    def test_a_browser_known_from_before_it_was_on_is_a_stranger(self):
        ingrid = self.join("ingrid", browser=self.browser())
        early = self.browser().take_cookies(ingrid, "known")
        self.turn_on(ingrid)
        for browser, known in ((early, False), (ingrid, True)):
            self.half("ingrid", browser)
            before = limiter.limiter.storage.storage.copy()
            browser.submit(code="000000")
            added = set(limiter.limiter.storage.storage) - set(before)
            self.assertEqual(any("browser" in key for key in added), known, added)

    def test_wrong_codes_for_whatever_accounts_make_an_address_wait(self):
        for number in range(5):
            self.turn_on(self.join(f"member{number}", browser=self.browser()))
        limiter.reset()
        for number in range(5):
            browser = self.browser()
            browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
            self.half(f"member{number}", browser)
            self.assertEqual([self.guess(browser) for _ in range(5)], [400] * 5)
        browser = self.at("192.0.2.9")
        self.assertEqual(self.guess(browser, self.phone.shows()), 429)
        self.assertEqual(self.guess(self.at("192.0.2.10"), self.phone.shows()), 200)

    def test_wrong_recovery_codes_count_as_well(self):
        browser = self.at("192.0.2.1")
        self.assertEqual([self.guess(browser, "abcd-efgh") for _ in range(7)], [400] * 6 + [429])
