"""What ends together: sign-ins here and at our own provider, and all that hangs on an OpenID."""

import sqlalchemy as sa

from app import db
from app.models import CurrentUser, SignIn
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.openid.account import EndingCase


class EverywhereTests(EndingCase):
    def test_it_ends_the_other_browsers_sign_in_at_our_provider_too(self):
        self.press(self.home, "Sign out everywhere")
        self.assert_out(self.home, self.work)
        self.assert_in(self.ingrid)

    def test_and_one_at_our_provider_alone(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        self.press(self.home, "Sign out everywhere")
        self.assert_out(browser)

    def test_and_those_that_began_abroad(self):
        abroad = self.foreign_sign_in()
        both = self.foreign_sign_in(self.with_account_alone())
        self.press(self.home, "Sign out everywhere")
        self.assert_out(abroad, both, self.home, self.work)

    def with_account_alone(self) -> Browser:
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        browser.get("/login")
        return browser

    def test_nobody_elses_ends_when_they_share_a_browser(self):
        # ingrid's account is signed in at the provider in the browser where miguel writes.
        shared = self.foreign_sign_in()
        shared.get(SITE + "/openid/sign-in")
        shared.submit(username="ingrid", password=PASSWORD)
        self.press(self.ingrid, "Sign out everywhere")
        self.assert_in(shared, self.home, self.work)
        self.assert_out(self.ingrid)

    def test_an_answer_that_was_kept_back_is_worth_nothing_afterwards(self):
        thief = self.browser()
        thief.get("/login")
        thief.ask_own_provider()
        thief.post(
            thief.url,
            {"csrf_token": thief.token(), "username": "miguel", "password": PASSWORD},
            follow=False,
        )
        answer = self.next_answer(thief)
        self.press(self.home, "Sign out everywhere")
        thief.get(answer)
        self.assertEqual(thief.page.alerts, [PROBLEMS["elsewhere"]])
        self.assert_out(thief)

    def next_answer(self, browser: Browser) -> str:
        """Return the address of the provider's answer, which is not opened."""
        for _ in range(5):
            location = browser.response.headers["Location"]
            if "openid.mode=id_res" in location:
                return location
            browser.get(location, follow=False)
        raise AssertionError("no answer")

    def test_the_same_holds_for_a_new_password(self):
        thief = self.browser()
        thief.get("/login")
        thief.ask_own_provider()
        thief.post(
            thief.url,
            {"csrf_token": thief.token(), "username": "miguel", "password": PASSWORD},
            follow=False,
        )
        answer = self.next_answer(thief)
        self.run_command("account", "reset", "miguel")
        thief.get(answer)
        self.assertEqual(thief.page.alerts, [PROBLEMS["elsewhere"]])
        self.assert_out(thief)


class OneBrowserTests(EndingCase):
    def test_ending_another_ends_its_sign_in_at_our_provider(self):
        home, work = self.sign_in_ids()
        self.end_from(self.home, work)
        self.assert_out(self.work)
        self.assert_in(self.home, self.ingrid)
        self.assertTrue(self.comes_back(self.home))

    def test_signing_out_ends_what_a_copy_of_the_cookie_began(self):
        for sign_out in ("here", "from elsewhere"):
            with self.subTest(sign_out):
                self.empty_database()
                self.setUp()
                # Taken before the site's sign-in began, it has the provider's alone.
                browser = self.browser()
                browser.get("/openid/sign-in")
                browser.submit(username="miguel", password=PASSWORD)
                thief = self.copy(browser)
                for each in (browser, thief):
                    each.get("/login")
                    each.ask_own_provider()
                    self.assertTrue(self.is_in(each))
                if sign_out == "here":
                    browser.submit(button="Sign out")
                else:
                    self.end_from(self.home, self.sign_in_ids()[2])
                self.assert_out(browser, thief)
                self.assert_in(self.home, self.work)

    def test_signing_out_at_our_provider_ends_what_came_from_there(self):
        remembered = self.own_sign_in(remember=True)
        copies = [self.copy(remembered, "remember"), self.copy(remembered, "session", "remember")]
        remembered.get("/openid")
        remembered.submit(button="Sign out of this account")
        self.assert_out(remembered, *copies)
        self.assert_in(self.home, self.work)

    def test_it_leaves_a_sign_in_that_began_abroad(self):
        both = self.foreign_sign_in()
        both.get(SITE + "/openid/sign-in")
        both.submit(username="miguel", password=PASSWORD)
        both.submit(button="Sign out of this account")
        self.assert_in(both)

    def test_one_that_began_abroad_takes_the_sign_in_at_our_provider_along(self):
        both = self.foreign_sign_in()
        both.get(SITE + "/openid/sign-in")
        both.submit(username="miguel", password=PASSWORD)
        self.end_from(self.home, self.sign_in_ids()[-1])
        self.assert_out(both)
        self.assert_in(self.home, self.work)

    def test_signing_in_anew_ends_the_one_before_in_the_same_browser(self):
        browser = self.browser()
        answers = []
        for _ in range(2):
            self.begin(self.provider.origin + "/id/susan", browser)
            answers.append(self.decide(browser))
            browser.get(SITE + "/login")
        browser.get(answers[0].url)
        first = self.copy(browser)
        before = self.count(SignIn)
        # It was begun before, in the same session: its cookie still has the state.
        with first.client.session_transaction(base_url=SITE) as session:
            token = session["_user_id"]
        with browser.client.session_transaction(base_url=SITE) as session:
            session["sign_ins"] = [[self.state_of(answers[1].url), False, None, None, {}]]
        browser.get(answers[1].url)
        self.assertEqual(browser.page.alerts, [])
        # Signed in as before, but not twice.
        self.assertEqual(self.count(SignIn), before)
        self.assertIsNone(CurrentUser.of_token(token))

    def state_of(self, url: str) -> str:
        return url.split("state=")[1].split("&")[0]

    def test_a_sign_in_of_before_ends_what_no_other_browser_claims(self):
        db.session.execute(sa.update(SignIn).values(account_sign_in_id=None))
        db.session.commit()
        after = self.own_sign_in()
        self.end_from(self.home, self.sign_in_ids()[1])
        self.assert_out(self.work)
        self.assert_in(self.home, self.ingrid, after)
        self.assertEqual([self.at_provider(each) for each in (self.ingrid, after)], [True, True])

    def test_a_copy_from_before_ends_with_what_took_its_place_at_the_provider(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        thief, late = self.copy(browser), self.copy(browser)
        for each in (browser, thief):
            each.get("/login")
            each.ask_own_provider()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        self.assertFalse(self.at_provider(late))
        self.assert_out(late)
        self.assert_in(browser, thief)
        browser.submit(button="Sign out")
        self.assert_out(browser, thief)

    def test_the_account_signing_in_again_keeps_the_site_and_still_ends_with_it(self):
        self.work.get("/openid/sign-in")
        self.work.submit(username="miguel", password=PASSWORD)
        self.assert_in(self.work)
        self.end_from(self.home, self.sign_in_ids()[1])
        self.assert_out(self.work)
