"""Signing in with a code after the password, here and at sites that ask our provider."""

from functools import partial

from openid.extensions import pape

from app.models import SignIn
from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.openid.relying_party import MIGUEL, QUESTION, ProviderCase
from app.tests.support.people.second_factor import SETTINGS, Phone, SecondFactorCase, codes


class SigningInWithCodesTests(SecondFactorCase):
    def to_the_code(self, browser: Browser) -> Browser:
        browser.get(SITE + "/login")
        browser.ask_own_provider()
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual((browser.path, browser.page.heading), ("/openid/code", "Your code"))
        return browser

    def test_the_code_comes_after_the_password_and_leads_on(self):
        browser = self.to_the_code(self.browser())
        browser.submit(code="000000")
        self.assertEqual((browser.status, len(browser.page.alerts)), (400, 1))
        browser.submit(code=self.phone.next())
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertTrue(self.is_in(browser))

    def test_the_door_asks_for_it_too(self):
        browser = self.browser()
        browser.get(SITE + "/login?next=/explore")
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual((browser.path, browser.page.heading), ("/openid/code", "Your code"))
        browser.submit(code=self.phone.next())
        self.assertEqual(browser.path, "/explore")
        self.assertTrue(self.is_in(browser))

    def test_a_recovery_code_does_as_well_once_however_it_is_written(self):
        for number, written in enumerate((str, str.upper, lambda code: code.replace("-", " "))):
            code = self.codes[number]
            browser = self.to_the_code(self.browser())
            browser.submit(code=written(code))
            self.assertEqual(browser.page.heading, "Hi, miguel!")
            again = self.half()
            again.submit(code=code)
            self.assertEqual(again.status, 400)

    def test_a_clock_may_be_off_by_one_step(self):
        for steps, is_right in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
            with self.subTest(steps):
                self.clock.move(minutes=5)
                browser = self.half()
                browser.submit(code=self.phone.shows(steps))
                self.assertEqual(self.is_in(browser), is_right)

    def test_a_code_works_once_and_none_before_it_afterwards(self):
        self.clock.move(minutes=5)
        browser = self.half()
        browser.submit(code=self.phone.shows())
        self.assertTrue(self.is_in(browser))
        for steps, is_right in ((0, False), (-1, False), (1, True)):
            with self.subTest(steps):
                other = self.half()
                other.submit(code=self.phone.shows(steps))
                self.assertEqual(self.is_in(other), is_right)

    def test_who_waits_too_long_types_the_password_again(self):
        browser = self.half()
        self.clock.move(minutes=5)
        browser.submit(code="")
        self.assertEqual(browser.status, 400)
        self.clock.move(seconds=1)
        browser.submit(code=self.phone.shows())
        self.assertEqual(browser.path, "/openid/sign-in")
        self.assertIn("That took more than five minutes", browser.page.words)
        self.assertFalse(self.is_in(browser))

    def test_a_known_browser_is_asked_each_time(self):
        browser = self.half()
        browser.submit(code=self.phone.next())
        self.half(browser=browser)

    def test_who_proves_an_openid_again_types_both(self):
        self.clock.move(minutes=11)
        self.home.get(SITE + "/settings/account")
        self.home.submit(openid="https://example.com/")
        self.assertEqual(self.home.path, "/openid/sign-in")
        self.home.submit(password=PASSWORD)
        self.assertEqual(self.home.path, "/openid/code")
        self.home.submit(code=self.phone.shows())
        self.assertEqual(self.home.path, "/settings/account")
        self.assertIn("Thank you, it is you.", self.home.page.words)

    def test_who_cancels_goes_back(self):
        browser = self.to_the_code(self.browser())
        browser.submit(button="Cancel and go back")
        self.assertEqual(browser.path, "/login")


class CodesForOthersTests(SecondFactorCase, ProviderCase):
    def test_the_answer_says_how_one_signed_in(self):
        extension = pape.Request(preferred_auth_policies=[pape.AUTH_MULTI_FACTOR])
        browser = self.browser()
        for answer in (self.phone.next, lambda: self.codes[0]):
            browser.get(self.ask(MIGUEL, [extension]))
            browser.submit(username="miguel", password=PASSWORD)
            self.assertEqual(browser.path, "/openid/code")
            browser.submit(code=answer())
            self.assertEqual(browser.page.heading, QUESTION)
            self.clock.move(seconds=3)
            browser.submit(button="Allow")
            verdict = self.verdict(browser)
            self.assertEqual((verdict.status, verdict.identity_url), ("success", MIGUEL))
            told = pape.Response.fromSuccessResponse(verdict)
            self.assertEqual(told.auth_policies, [pape.AUTH_MULTI_FACTOR])
            self.assertEqual(
                told.auth_time, self.began(seconds_ago=3).strftime("%Y-%m-%dT%H:%M:%SZ")
            )
            browser.get(SITE + "/openid")
            browser.submit(button="Sign out of this account")

    def began(self, seconds_ago: int):
        self.clock.move(seconds=-seconds_ago)
        moment = self.clock.moment
        self.clock.move(seconds=seconds_ago)
        return moment

    def test_without_a_second_factor_it_says_nothing_of_the_kind(self):
        ingrid = self.member("ingrid")
        ingrid.get(self.ask(extensions=[pape.Request([pape.AUTH_MULTI_FACTOR])]))
        ingrid.submit(button="Allow")
        told = pape.Response.fromSuccessResponse(self.verdict(ingrid))
        self.assertEqual(told.auth_policies, [])

    def test_half_way_an_immediate_request_needs_setup(self):
        browser = self.half()
        browser.get(self.ask(MIGUEL, immediate=True))
        self.assertEqual(self.verdict(browser).status, "setup_needed")

    def test_the_code_of_another_account_than_asked_for_leads_back(self):
        ingrid = self.half()
        self.join("ingrid", browser=self.browser())
        ingrid.get(self.ask(SITE + "/id/ingrid"))
        ingrid.get(ingrid.url.replace("sign-in", "code"))
        self.assertEqual(ingrid.path, "/openid/sign-in")


class CodesAtOnceTests(SecondFactorCase, ConcurrencyCase):
    """Twenty requests with what is good for one."""

    def guess(self, browser: Browser, code: str) -> bool:
        browser.submit(code=code)
        return browser.path == "/openid" and browser.status == 200

    def test_a_code_lets_one_in(self):
        for code in (self.phone.next(), self.codes[0]):
            browsers = [self.half() for _ in range(20)]
            results = self.at_once(partial(self.guess, browser, code) for browser in browsers)
            self.assertEqual(sorted(results), [False] * 19 + [True])

    def test_setting_it_up_is_done_once(self):
        self.home.get(SITE + SETTINGS)
        self.home.submit(button="Turn it off", password=PASSWORD, code=self.codes[0])
        phone: Phone = self.begin_set_up(self.home)
        tabs = [self.browser().take_cookies(self.home, "session") for _ in range(20)]
        for tab in tabs:
            tab.get(self.home.url)

        def turn_on(tab: Browser) -> list[str]:
            tab.submit(code=phone.shows())
            return codes(tab) if tab.page.heading == "Your recovery codes" else []

        shown = [one for one in self.at_once(lambda t=t: turn_on(t) for t in tabs) if one]
        self.assertEqual(len(shown), 1)
        browser = self.half()
        browser.submit(code=shown[0][0])
        self.assertTrue(self.is_in(browser))
        self.assertEqual((self.count(AccountSignIn), self.count(SignIn)), (2, 1))
