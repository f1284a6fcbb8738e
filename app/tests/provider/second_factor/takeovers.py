"""Who knows the password, and what else may leak, still does not get in."""

import sqlalchemy as sa
from openid.extensions import pape

from app import db
from app.provider.models import Account, AccountSignIn
from app.provider.second_factor.models import RecoveryCode, SecondFactor
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.openid.relying_party import MIGUEL, ProviderCase
from app.tests.support.people.second_factor import SETTINGS, SecondFactorCase, codes

NEW_PASSWORD = "staple battery horse"


class SecondFactorTakeoverTests(SecondFactorCase, ProviderCase):
    """Each attempt begins anew, with the password of miguel known to everybody."""

    def attempts(self):
        """Yield each attempt's name, and the function that gives the browser it ends in."""
        for name in dir(self):
            if name.startswith("try_"):
                yield name.removeprefix("try_").replace("_", " "), getattr(self, name)

    def test_no_attempt_gets_in(self):
        attempts = list(self.attempts())
        self.assertGreaterEqual(len(attempts), 29)
        for name, attempt in attempts:
            with self.subTest(name):
                self.empty_database()
                self.clock.move(minutes=10)
                self.home = self.join("miguel", browser=self.browser())
                self.phone, self.codes = self.turn_on(self.home)
                self.clock.move(minutes=2)
                thief = attempt()
                self.assertFalse(self.is_in(thief))
                thief.get(SITE + "/")
                self.assertNotEqual(thief.page.heading, "Hi, miguel!")
                thief.get(self.ask(MIGUEL, immediate=True))
                self.assertEqual(self.verdict(thief).status, "setup_needed")
                # And nothing that the owner has is gone.
                account = db.session.scalar(sa.select(Account).where(Account.username == "miguel"))
                self.assertIsNotNone(SecondFactor.of(account.id))
                self.assertTrue(account.knows(PASSWORD))
                self.clock.move(minutes=2)
                self.half(browser=self.home).submit(code=self.phone.shows())
                self.assertTrue(self.is_in(self.home))

    def thief_with(self, code: str, username: str = "miguel") -> Browser:
        thief = self.half(username)
        thief.submit(code=code)
        return thief

    def owner_signs_in(self) -> str:
        """Let the owner sign in somewhere; give the code, which somebody has read."""
        code = self.phone.shows()
        self.half().submit(code=code)
        return code

    def robbed(self) -> Browser:
        """Return a browser with the owner's session, of which a page may have more than once."""
        return self.browser().take_cookies(self.home, "session")

    # The password alone.

    def try_the_password_alone(self):
        return self.half()

    def try_no_code(self):
        return self.thief_with("")

    def try_going_on_without_the_code(self):
        thief = self.browser()
        thief.get(self.ask(MIGUEL))
        thief.submit(username="miguel", password=PASSWORD)
        thief.get(thief.url.replace("/openid/code", "/openid/consent"))
        self.assertEqual(thief.path, "/openid/code")
        return thief

    def try_signing_in_at_the_site_without_the_code(self):
        thief = self.browser()
        thief.get(SITE + "/login")
        thief.ask_own_provider()
        thief.submit(username="miguel", password=PASSWORD)
        thief.get(SITE + "/login")
        thief.ask_own_provider()
        self.assertEqual(thief.path, "/openid/code")
        return thief

    def try_the_door_without_the_code(self):
        thief = self.browser()
        thief.get(SITE + "/login")
        thief.submit(username="miguel", password=PASSWORD)
        self.assertEqual(thief.path, "/openid/code")
        return thief

    def try_changing_the_password_half_way(self):
        thief = self.half()
        thief.post(
            "/openid/password",
            {"csrf_token": thief.token(), "old_password": PASSWORD, "password": NEW_PASSWORD},
        )
        return thief

    def try_turning_it_off_half_way(self):
        thief = self.half()
        typed = {"csrf_token": thief.token(), "password": PASSWORD, "off": "yes"}
        thief.post(SETTINGS, typed)
        return thief

    def try_setting_up_another_half_way(self):
        thief = self.half()
        thief.get(SITE + SETTINGS + "/set-up")
        self.assertEqual(codes(thief), [])
        return thief

    def try_a_sign_in_from_before_it_was_on(self):
        ingrid = self.join("ingrid", browser=self.browser())
        early = self.browser().take_cookies(ingrid, "session")
        self.turn_on(ingrid)
        self.assertFalse(self.is_in(early, "ingrid"))
        return early

    def try_a_sign_in_that_began_meanwhile(self):
        # The password was checked before it was on, or by the release before, which asks no code.
        account = db.session.scalar(sa.select(Account))
        token = AccountSignIn.begin(account)
        thief = self.browser()
        with thief.client.session_transaction(base_url=SITE) as session:
            session["account"] = token
        return thief

    # Codes that somebody has seen.

    def try_a_code_that_was_used(self):
        return self.thief_with(self.owner_signs_in())

    def try_a_code_that_was_used_while_the_thief_waited(self):
        thief = self.half()
        thief.submit(code=self.owner_signs_in())
        return thief

    def try_the_code_of_the_set_up(self):
        self.half().submit(code=self.codes[0])
        self.home.get(SITE + SETTINGS)
        self.home.submit(button="Turn it off", password=PASSWORD, code=self.codes[1])
        self.phone, self.codes = self.turn_on(self.home)
        return self.thief_with(self.phone.shows())

    def try_a_code_from_before_the_one_that_was_used(self):
        earlier = self.phone.shows(-1)
        self.owner_signs_in()
        return self.thief_with(earlier)

    def try_a_code_that_changed_something(self):
        code = self.phone.shows()
        self.home.get(SITE + SETTINGS)
        self.home.submit(button="Make new recovery codes", password=PASSWORD, code=code)
        return self.thief_with(code)

    def try_an_old_code(self):
        return self.thief_with(self.phone.shows(-2))

    def try_a_code_of_later(self):
        return self.thief_with(self.phone.shows(2))

    def try_a_code_of_the_key_before(self):
        before = self.phone
        self.home.get(SITE + SETTINGS)
        self.home.submit(button="Turn it off", password=PASSWORD, code=before.shows())
        self.phone, self.codes = self.turn_on(self.home)
        self.clock.move(minutes=2)
        return self.thief_with(before.shows())

    def try_a_recovery_code_that_was_used(self):
        self.half().submit(code=self.codes[4])
        return self.thief_with(self.codes[4])

    def try_a_recovery_code_that_was_replaced(self):
        self.home.get(SITE + SETTINGS)
        self.home.submit(button="Make new recovery codes", password=PASSWORD, code=self.codes[0])
        return self.thief_with(self.codes[1])

    def try_the_code_in_digits_of_another_script(self):
        arabic = self.phone.shows().translate({ord("0") + n: 0x660 + n for n in range(10)})
        return self.thief_with(arabic)

    def try_the_code_in_an_address(self):
        thief = self.half()
        thief.get(f"{SITE}/openid/code?code={self.phone.shows()}")
        return thief

    # Those of somebody else.

    def ingrid(self):
        browser = self.join("ingrid", browser=self.browser())
        phone, recovery = self.turn_on(browser)
        self.clock.move(minutes=2)
        return browser, phone, recovery

    def try_the_code_of_another_account(self):
        return self.thief_with(self.ingrid()[1].shows())

    def try_the_recovery_code_of_another_account(self):
        return self.thief_with(self.ingrid()[2][0])

    def try_the_code_of_another_account_after_its_password(self):
        _, phone, _ = self.ingrid()
        thief = self.half()
        thief.get(self.ask(MIGUEL))
        waiting = thief.url.replace("/openid/sign-in", "/openid/code")
        self.half("ingrid", thief)
        thief.get(waiting)
        self.assertEqual(thief.path, "/openid/sign-in")
        thief.post(waiting, {"csrf_token": thief.token(), "code": phone.shows()})
        return thief

    def try_another_sign_in_in_the_same_browser(self):
        browser, _, _ = self.ingrid()
        self.half("miguel", browser)
        return browser

    # What was true a while ago.

    def try_a_password_of_six_minutes_ago(self):
        thief = self.half()
        self.clock.move(minutes=6)
        thief.submit(code=self.phone.shows())
        self.assertEqual(thief.path, "/openid/sign-in")
        return thief

    def try_a_password_that_is_another_by_now(self):
        thief = self.half()
        account = db.session.scalar(sa.select(Account))
        account.set_password(NEW_PASSWORD)
        thief.submit(code=self.phone.shows())
        self.assertEqual(thief.path, "/openid/sign-in")
        # Only so that the owner finds it as it was.
        account.set_password(PASSWORD)
        return thief

    def try_a_cookie_of_the_half_way_that_was_finished(self):
        owner = self.half()
        copy = self.browser().take_cookies(owner, "session")
        copy.get(SITE + "/openid/code")
        owner.submit(code=self.phone.shows())
        copy.submit(code=self.phone.shows())
        return copy

    # The owner's own cookies, of which the owner is rid when they sign out.

    def leave(self, thief: Browser) -> Browser:
        self.home.get(SITE + "/openid")
        self.home.submit(button="Sign out of this account")
        return thief

    def try_a_stolen_session_and_the_password(self):
        thief = self.robbed()
        for path in (SETTINGS, "/openid/password", "/openid/delete"):
            thief.get(SITE + path)
            for code in ("", "000000", self.phone.shows(-3)):
                typed = {"csrf_token": thief.token(), "password": PASSWORD, "code": code}
                typed |= {"old_password": PASSWORD, "off": "yes"}
                thief.post(path, typed | ({"password": NEW_PASSWORD} if "word" in path else {}))
        thief.get(SITE + "/settings/account")
        return self.leave(thief)

    def try_a_stolen_session_and_a_new_proof(self):
        self.clock.move(minutes=11)
        thief = self.robbed()
        thief.get(SITE + "/settings/account")
        thief.submit(openid="https://thief.example/")
        thief.submit(password=PASSWORD)
        self.assertEqual(thief.path, "/openid/code")
        thief.get(self.ask(MIGUEL, [pape.Request(max_auth_age=60)]))
        self.assertEqual(thief.path, "/openid/code")
        return self.leave(thief)

    def try_another_site_sending_the_forms(self):
        for path in (SETTINGS, SETTINGS + "/set-up", "/openid/code"):
            typed = {"password": PASSWORD, "code": self.phone.shows(), "off": "yes"}
            self.home.post(path, typed, headers={"Origin": "https://evil.example"})
            self.assertEqual(self.home.status, 400)
        return self.browser()

    # A stolen copy of the database.

    def try_what_the_database_holds(self):
        rows = db.session.scalars(sa.select(RecoveryCode.code_hash)).all()
        salt = db.session.scalar(sa.select(SecondFactor.salt))
        thief = self.browser()
        for text in (rows[0], salt, salt[:6]):
            thief = self.thief_with(text)
        return thief
