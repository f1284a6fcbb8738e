"""A second factor is set up by its owner alone, works before it counts, and can be taken away."""

import html
import unittest
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from app import db
from app.provider.models import Account, AccountSignIn
from app.provider.second_factor import totp
from app.provider.second_factor.models import RecoveryCode, SecondFactor
from app.tests.support.base import PASSWORD, SITE, JoinMixin, TestCase
from app.tests.support.clock import Clock
from app.tests.support.people.second_factor import SETTINGS, Phone, SecondFactorCase, codes

# RFC 6238, appendix B: the key, and what an app shows at these seconds, of which we take six.
RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = {1234567890: "89005924", 1111111109: "07081804", 2000000000: "69279037"}


class CodesOfStandardTests(unittest.TestCase):
    def test_codes_are_those_of_the_standard(self):
        clock = Clock(self)
        for seconds, code in RFC_CODES.items():
            clock.moment = clock.moment.fromtimestamp(seconds, clock.moment.tzinfo)
            for off, expected in ((0, seconds // 30), (30, seconds // 30), (-30, seconds // 30)):
                clock.move(seconds=off)
                self.assertEqual(totp.step_of(RFC_KEY, code[2:]), expected)
                clock.move(seconds=-off)
            for off in (60, -60):
                clock.move(seconds=off)
                self.assertIsNone(totp.step_of(RFC_KEY, code[2:]))
                clock.move(seconds=-off)


class SetUpTests(JoinMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.browser_of_miguel = self.join("miguel")

    def begin(self) -> Phone:
        browser = self.browser_of_miguel
        browser.get(SITE + "/openid")
        browser.get(browser.page.links["A second step at sign-in"])
        browser.submit(password=PASSWORD)
        self.assertEqual(browser.page.heading, "Set up your app")
        return Phone(self.clock, codes(browser)[0])

    def test_it_is_on_once_a_code_shows_that_it_works(self):
        phone, browser = self.begin(), self.browser_of_miguel
        for wrong in ("", "  ", "000000" if phone.shows() != "000000" else "111111", "abc"):
            browser.submit(code=wrong)
            self.assertEqual((browser.status, self.count(SecondFactor)), (400, 0))
            self.assertEqual(len(browser.page.alerts), 1)
            # It is the same key, which the app has already.
            self.assertEqual(Phone(self.clock, codes(browser)[0]).shows(), phone.shows())
        browser.submit(code=f" {phone.shows()[:3]} {phone.shows()[3:]} ")
        self.assertEqual(browser.page.heading, "Your recovery codes")
        shown = codes(browser)
        self.assertEqual((len(set(shown)), self.count(RecoveryCode)), (10, 10))
        # They stand there once, and the key nowhere any more.
        browser.get(SITE + SETTINGS + "/set-up")
        self.assertEqual((browser.path, codes(browser)), (SETTINGS, []))
        self.assertIn("You have 10 recovery codes left.", browser.page.words)
        browser.get(SITE + "/")
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_picture_link_and_text_are_one_key(self):
        phone, browser = self.begin(), self.browser_of_miguel
        address = html.unescape(browser.page.links["open the app"])
        parts = urlsplit(address)
        self.assertEqual((parts.scheme, parts.netloc), ("otpauth", "totp"))
        self.assertEqual(parts.path, "/microblog:miguel%40127.0.0.1")
        asked = parse_qs(parts.query)
        self.assertEqual(asked["issuer"], ["microblog"])
        self.assertEqual(Phone(self.clock, asked["secret"][0]).shows(), phone.shows())
        self.assertIn(str(totp.picture_of(address)), browser.text)
        self.assertNotIn("style=", browser.text)

    def test_a_wrong_password_or_none_leads_nowhere(self):
        browser = self.browser_of_miguel
        for password in ("", "not that at all"):
            browser.get(SITE + SETTINGS)
            browser.submit(password=password)
            self.assertEqual((browser.status, browser.path), (400, SETTINGS))
            browser.get(SITE + SETTINGS + "/set-up")
            self.assertEqual(browser.path, SETTINGS)
        visitor = self.browser()
        for path in (SETTINGS, SETTINGS + "/set-up"):
            visitor.get(SITE + path)
            self.assertEqual(visitor.path, "/openid/sign-in")

    def test_the_way_there_ends_after_a_quarter_of_an_hour(self):
        phone, browser = self.begin(), self.browser_of_miguel
        self.clock.move(minutes=15)
        browser.submit(code="x")
        self.assertEqual(browser.page.heading, "Set up your app")
        self.clock.move(seconds=1)
        browser.submit(code=phone.shows())
        self.assertEqual((browser.path, self.count(SecondFactor)), (SETTINGS, 0))

    def test_of_two_tabs_the_first_has_it(self):
        first, browser = self.begin(), self.browser_of_miguel
        tab = self.browser().take_cookies(browser, "session")
        tab.url, tab.response = browser.url, browser.response
        third = self.browser().take_cookies(browser, "session")
        browser.submit(code=first.shows())
        # That the password was right for this is no half of a sign-in.
        third.get(SITE + "/openid/code")
        self.assertEqual(third.path, "/openid/sign-in")
        tab.submit(code=first.shows())
        self.assertNotEqual(tab.page.heading, "Your recovery codes")
        self.assertEqual((self.count(SecondFactor), self.count(RecoveryCode)), (1, 10))

    def test_a_password_that_is_new_meanwhile_ends_it(self):
        phone, browser = self.begin(), self.browser_of_miguel
        self.run_command("account", "reset", "miguel")
        browser.submit(code=phone.shows())
        self.assertEqual((browser.path, self.count(SecondFactor)), ("/openid/sign-in", 0))

    def test_other_browsers_are_signed_out(self):
        other = self.browser()
        other.get(SITE + "/openid/sign-in")
        other.submit(username="miguel", password=PASSWORD)
        phone = self.begin()
        self.browser_of_miguel.submit(code=phone.shows())
        other.get(SITE + "/openid")
        self.assertIn("Sign in to your account", other.page.links)
        self.assertEqual(self.count(AccountSignIn), 1)


class ChangingSecondFactorTests(SecondFactorCase):
    def submit(self, button: str, **typed) -> None:
        self.home.get(SITE + SETTINGS)
        self.home.submit(button=button, **{"password": PASSWORD, "code": "", **typed})

    def test_turning_it_off_takes_password_and_code(self):
        for typed in (
            {},
            {"code": "000 000"},
            {"code": self.phone.shows()},
            {"password": "", "code": self.phone.next()},
            {"password": "not that", "code": self.phone.shows()},
        ):
            with self.subTest(typed):
                self.submit("Turn it off", **typed)
                self.assertEqual((self.home.status, self.count(SecondFactor)), (400, 1))
        copy = self.browser().take_cookies(self.home, "session")
        self.submit("Turn it off", code=self.phone.shows())
        self.assertEqual((self.home.path, self.home.status), ("/openid", 200))
        self.assertFalse(self.is_in(copy))
        self.assertEqual((self.count(SecondFactor), self.count(RecoveryCode)), (0, 0))
        self.assertTrue(self.is_in(self.home))
        self.home.get(SITE + "/")
        self.assertEqual(self.home.page.heading, "Hi, miguel!")
        other = self.browser()
        other.get(SITE + "/openid/sign-in")
        other.submit(username="miguel", password=PASSWORD)
        self.assertTrue(self.is_in(other))

    def test_new_recovery_codes_end_the_old_ones(self):
        self.submit("Make new recovery codes", code=self.codes[0])
        fresh = codes(self.home)
        self.assertEqual((len(set(fresh)), set(fresh) & set(self.codes)), (10, set()))
        browser = self.half()
        browser.submit(code=self.codes[1])
        self.assertEqual(browser.status, 400)
        browser.submit(code=fresh[0])
        self.assertTrue(self.is_in(browser))
        browser.get(SITE + SETTINGS)
        self.assertIn("You have 9 recovery codes left.", browser.page.words)

    def test_a_new_password_and_the_farewell_take_a_code_too(self):
        # Or else it could not go at all.
        self.owner_of(SITE + "/id/miguel").add_identity("https://miguel.example.com/")
        new = {"old_password": PASSWORD, "password": "staple battery horse"}
        for path, typed in (("/openid/password", new), ("/openid/delete", {"password": PASSWORD})):
            for code in ("", self.phone.shows(), "000000"):
                with self.subTest(path, code=code):
                    self.home.get(SITE + path)
                    self.home.submit(code=code, **typed)
                    self.assertEqual((self.home.status, self.home.path), (400, path))
        self.home.get(SITE + "/openid/password")
        self.home.submit(code=self.phone.next(), **new)
        self.assertEqual(self.home.path, "/openid")
        self.assertTrue(self.is_in(self.home))
        self.assertEqual(self.count(SecondFactor), 1)

    def test_with_the_account_it_goes(self):
        self.owner_of(SITE + "/id/miguel").add_identity("https://miguel.example.com/")
        self.home.get(SITE + "/openid/delete")
        self.home.submit(password=PASSWORD, code=self.phone.next())
        self.assertEqual((self.count(SecondFactor), self.count(RecoveryCode)), (0, 0))

    def test_the_administrator_can_lift_it(self):
        result = self.run_command("account", "reset", "miguel")
        self.assertIn("No code is asked for after it any more", result.output)
        password = result.output.splitlines()[0].split()[-1]
        self.assertEqual((self.count(SecondFactor), self.count(RecoveryCode)), (0, 0))
        browser = self.browser()
        browser.get(SITE + "/openid/sign-in")
        browser.submit(username="miguel", password=password)
        self.assertTrue(self.is_in(browser))
        again = self.run_command("account", "reset", "miguel")
        self.assertNotIn("code", again.output)

    def test_the_database_holds_nothing_to_make_a_code_of(self):
        factor = db.session.scalar(sa.select(SecondFactor))
        account = db.session.scalar(sa.select(Account))
        self.assertNotIn(factor.salt, self.phone.codes.secret)
        self.assertEqual(totp.key_of(account.id, factor.salt), self.phone.codes.secret)
        with mock.patch.dict(self.app.config, SECRET_KEY="another key, 0123456789"):
            self.assertNotEqual(totp.key_of(account.id, factor.salt), self.phone.codes.secret)
        kept = set(db.session.scalars(sa.select(RecoveryCode.code_hash)))
        self.assertEqual({len(one) for one in kept}, {64})

    def test_keys_differ_by_account_and_by_time(self):
        ingrid = self.join("ingrid")
        other, _ = self.turn_on(ingrid)
        self.assertNotEqual(other.codes.secret, self.phone.codes.secret)
        self.submit("Turn it off", code=self.phone.next())
        again, _ = self.turn_on(self.home)
        self.assertNotEqual(again.codes.secret, self.phone.codes.secret)

    def test_no_code_and_no_key_reaches_the_log(self):
        with self.assertLogs(self.app.logger, "INFO") as logged:
            browser = self.half()
            browser.submit(code="123 456")
            browser.submit(code=self.codes[3])
            self.submit("Turn it off", code=self.phone.next())
            self.turn_on(self.home)
        said = "\n".join(logged.output)
        account = db.session.scalar(sa.select(Account.id))
        self.assertIn(f"wrong code for account {account}", said)
        self.assertIn(f"second factor of account {account}: off", said)
        self.assertIn(f"second factor of account {account}: on", said)
        for secret in ("123 456", "123456", self.codes[3], self.phone.shows(), PASSWORD):
            self.assertNotIn(secret, said)
