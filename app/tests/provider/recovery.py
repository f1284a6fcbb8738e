"""The way back in for whoever forgot a password: what happens, what is said and written."""

from unittest import mock

from app.models import MailedLink, SignIn, User
from app.provider import recovery
from app.provider.models import Account, AccountSignIn
from app.provider.second_factor import changes
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.people.letters import LettersMixin, path_in
from app.tests.support.people.recovery import NEW_PASSWORD, RecoveryCase
from app.tests.support.people.second_factor import SecondFactorCase

TOLD = "If somebody here has that name or address, a letter is on its way"


class RecoveryTests(RecoveryCase):
    def test_a_new_password_by_mail_ends_every_sign_in_and_is_told(self):
        other = self.own_sign_in()
        self.letter("miguel@example.com")
        # With another OpenID, of which the account knows nothing.
        user = User.find("miguel")
        user.add_identity("https://miguel.example.com/")
        abroad = self.browser()
        abroad.take_sign_in(SignIn.begin(user.id, "https://miguel.example.com/"))
        path = self.link("miguel")
        browser = self.browser()
        browser.get(path)
        self.assertEqual(browser.page.heading, "Choose a new password")
        self.assertIn("For the account miguel.", browser.page.words)
        browser.submit(password=NEW_PASSWORD)
        self.assertEqual(browser.path, "/login")
        self.assertEqual(
            browser.page.statuses, ["Your new password is kept. Please sign in with it."]
        )
        text = self.text("miguel@example.com")
        self.assertIn("The password of your account miguel was changed", text)
        self.assertEqual(path_in(text), "/openid/forgotten")
        # Nobody is signed in by it, and nobody still is.
        for count in (SignIn, AccountSignIn):
            self.assertEqual(self.count(count), 0)
        for one in (browser, other, abroad, self.miguel):
            one.get("/edit")
            self.assertEqual(one.path, "/login")
        self.assertFalse(self.signs_in(PASSWORD))
        self.assertTrue(self.signs_in(NEW_PASSWORD))

    def test_an_address_finds_every_account_behind_it_in_one_letter(self):
        self.join("ana")
        self.confirm("ana", "miguel@example.com")
        self.confirm("john", "miguel@example.com")
        self.ask(" Miguel@Example.COM ")
        text = self.text("miguel@example.com")
        for words in ("account miguel,", "account ana,", "john has no password", "john.example"):
            self.assertIn(words, text)
        self.assertEqual(text.count(f"{SITE}/openid/recover?token="), 2)
        self.assert_nothing_comes()
        # A username tells of that one alone.
        self.clock.move(minutes=11)
        self.ask("ANA")
        text = self.text("miguel@example.com")
        self.assertIn("account ana,", text)
        self.assertNotIn("miguel", text.replace("miguel@", ""))

    def test_everybody_reads_the_same_and_nobody_unknown_gets_a_letter(self):
        self.join("unconfirmed", "unconfirmed@example.com")
        pages = set()
        for typed in (
            "miguel",
            "miguel@example.com",
            "nobody",
            "nobody@example.com",
            "unconfirmed",
            "unconfirmed@example.com",
            "john",
            "' OR 1=1 --",
            "%@%",
        ):
            browser = self.ask(typed)
            pages.add((browser.status, browser.page.words, tuple(browser.response.headers.keys())))
        self.assertEqual(len(pages), 1)
        self.assertIn(TOLD, pages.pop()[1])
        self.letter("miguel@example.com")
        self.assert_nothing_comes()

    def test_the_request_itself_looks_nobody_up(self):
        statements = []
        with self.noted(statements):
            for typed in ("miguel", "nobody", "miguel@example.com"):
                browser = self.browser()
                browser.get("/openid/forgotten")
                browser.submit(account=typed)
        self.assertEqual([s for s in statements if "account" in s or "email" in s], [])

    def test_links_come_in_pauses_and_those_before_stay_good(self):
        first = self.link("miguel")
        for _ in range(3):
            self.ask("miguel")
            self.ask("miguel@example.com")
        self.assert_nothing_comes()
        self.clock.move(minutes=10)
        second = self.link("miguel@example.com")
        for path in (first, second):
            browser = self.browser()
            browser.get(path)
            self.assertEqual(browser.status, 200)
        for _ in range(3):
            self.clock.move(minutes=10)
            self.link("miguel")
        # After five in a day there is one an hour.
        self.clock.move(minutes=59)
        self.ask("miguel")
        self.assert_nothing_comes()
        self.clock.move(minutes=1)
        self.link("miguel")
        self.clock.move(days=1)
        self.link("miguel")
        self.assertEqual(self.count(MailedLink), 1)

    def test_a_bad_password_is_refused_beside_its_field_and_the_link_stays_good(self):
        path = self.link("miguel")
        browser = self.browser()
        browser.get(path)
        for password in ("", "short", "password", "miguelmiguel"):
            browser.submit(password=password)
            self.assertEqual((browser.status, len(browser.page.alerts)), (400, 1))
            self.assertIn('id="password-error"', browser.text)
        browser.submit(password=NEW_PASSWORD)
        self.assertEqual(browser.path, "/login")

    def test_where_no_mail_is_sent_the_page_says_whom_to_ask(self):
        left_open = self.browser()
        left_open.get("/openid/forgotten")
        with mock.patch.dict(self.app.config, MAIL_SERVER=""):
            browser = self.browser()
            browser.get("/openid/sign-in")
            browser.get(browser.page.links["Forgot your password?"])
            left_open.submit(account="miguel")
            for one in (browser, left_open):
                self.assertIn("ask the keeper of this site", one.page.words)
                self.assertNotIn(TOLD, one.page.words)
        self.assert_nothing_comes()

    def test_only_so_many_wait_for_the_mail_thread(self):
        with mock.patch.object(recovery, "MAX_ASKED", 0):
            self.assertIn(TOLD, self.ask("miguel").page.words)
        self.assert_nothing_comes()

    def test_what_is_nobodys_name_is_refused(self):
        for typed in ("", "x" * 121):
            browser = self.ask(typed)
            self.assertEqual((browser.status, len(browser.page.alerts)), (400, 1))

    def test_a_changed_password_is_told(self):
        self.miguel.get("/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.assertIn("was changed", self.text("miguel@example.com"))
        self.run_command("account", "reset", "miguel")
        self.assertIn("was changed", self.text("miguel@example.com"))

    def test_one_who_forgot_nothing_keeps_everything(self):
        self.link("miguel")
        self.assertTrue(self.signs_in(PASSWORD))
        self.miguel.get("/")
        self.assertEqual(self.miguel.page.heading, "Hi, miguel!")


class LimitedRecoveryTests(RecoveryCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_whoever_guessed_wrong_before_signs_in_at_once_with_the_new_password(self):
        for _ in range(7):
            browser = self.own_sign_in("not that")
        self.assertEqual(browser.status, 429)
        self.choose(self.link())
        self.assertTrue(self.signs_in(NEW_PASSWORD))

    def test_an_address_asks_ten_times_an_hour_whoever_is_asked_for(self):
        for number in range(10):
            self.assertEqual(self.ask(("miguel", "nobody")[number % 2]).status, 200)
        for typed in ("miguel", "nobody", "miguel@example.com"):
            browser = self.ask(typed)
            self.assertEqual((browser.status, browser.page.heading), (429, "Not so fast"))
            self.assertIn(typed, browser.text)

    def test_links_are_tried_sixty_times_in_five_minutes_from_one_address(self):
        for path in ("/openid/recover", "/settings/account/email/confirm"):
            answers = [self.browser().get(f"{path}?token=x").status_code for _ in range(61)]
            self.assertEqual(answers, [410] * 60 + [429], path)


class SecondStepRecoveryTests(LettersMixin, SecondFactorCase):
    """A letter is not a phone: who asks for codes asks for them after a new password too."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(recovery, "DELAY_SECONDS", 0.0))
        self.receive_letters()
        user = User.find("miguel")
        MailedLink.confirm(MailedLink.to_confirm(user.id, "miguel@example.com"))

    def test_the_code_is_asked_for_with_the_new_password(self):
        browser = self.browser()
        browser.get("/openid/forgotten")
        browser.submit(account="miguel")
        browser.get(path_in(self.text("miguel@example.com")))
        browser.submit(password=NEW_PASSWORD)
        self.letter("miguel@example.com")
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=NEW_PASSWORD)
        self.assertEqual(browser.path, "/openid/code")
        self.assertFalse(self.is_in(browser))
        browser.get("/openid/code")
        browser.submit(code=self.phone.next())
        self.assertTrue(self.is_in(browser))

    def test_each_change_of_it_is_told(self):
        account = Account.find("miguel")
        changes.renew_codes(account)
        changes.turn_off(account)
        texts = [self.text("miguel@example.com") for _ in range(2)]
        self.assertIn("there are new recovery codes", texts[0])
        self.assertIn("no code is asked for", texts[1])
        self.turn_on(self.home)
        self.assertIn("a code is asked for after", self.text("miguel@example.com"))
        self.assert_no_letter()
