"""The door: an account's username and password on the sign-in page itself."""

from unittest import mock

from flask import current_app

from app.models import SignIn, User
from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin, TestCase
from app.views.site import door

WRONG = "This username and password do not belong together."


class DoorCase(JoinMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.join("miguel", "miguel@example.com")

    def knock(self, browser: Browser | None = None, path: str = "/login", **typed) -> Browser:
        """Open the door, and send its account form."""
        browser = browser or self.browser()
        browser.get(path)
        browser.submit(**{"username": "miguel", "password": PASSWORD, **typed})
        return browser


class AccountAtTheDoorTests(DoorCase):
    def test_the_account_comes_first_and_then_the_openid(self):
        browser = self.browser()
        browser.get("/login")
        [names] = (form.names for form in browser.page.forms)
        both = {"username", "password", "openid", "remember_me", "csrf_token"}
        self.assertLessEqual(both, names)
        at = [browser.text.index(f'name="{name}"') for name in ("username", "password", "openid")]
        self.assertEqual(at, sorted(at))

    def test_one_form_and_one_page_lead_home_by_way_of_the_whole_conversation(self):
        browser = self.knock(username="Miguel")
        self.assertEqual((browser.url, browser.page.heading), (SITE + "/", "Hi, miguel!"))
        steps = [step.partition("?")[0] for step in browser.visited]
        self.assertEqual(
            steps,
            [
                f"GET {SITE}/login",
                f"POST {SITE}/login",
                f"GET {SITE}/openid",
                f"GET {SITE}/login",
                f"GET {SITE}/",
            ],
        )
        self.assertIn("openid_complete=yes", browser.visited[3])
        self.assertEqual(self.count(User), 1)

    def test_it_leads_to_where_the_visitor_wanted_to_go_and_nowhere_else(self):
        self.assertEqual(self.knock(path="/edit").path, "/edit")
        self.assertEqual(self.knock(path="/login?next=//evil.example").url, SITE + "/")
        browser = self.browser()
        browser.get("/login")
        browser.submit(username="miguel", password=PASSWORD, next="https://evil.example/")
        self.assertEqual(browser.url, SITE + "/")

    def test_what_is_wrong_stands_by_its_field_and_the_username_is_kept(self):
        for typed, sentence in (
            ({"password": "not that"}, WRONG),
            ({"username": "nobody"}, WRONG),
            ({"password": ""}, "Please type your password."),
            ({"username": ""}, "Please type your username."),
            ({"username": "m@x.example"}, "Please type your username, and not your e-mail"),
        ):
            with self.subTest(**typed):
                browser = self.knock(path="/login?next=/edit", remember_me="y", **typed)
                self.assertEqual((browser.path, browser.status), ("/login", 400))
                self.assertTrue(browser.page.alerts[0].startswith(sentence), browser.page.alerts)
                [form] = browser.page.forms
                self.assertEqual(form.fields["username"], typed.get("username", "miguel"))
                self.assertEqual(form.fields["password"], "")
                self.assertEqual(form.fields["remember_me"], "y")
                self.assertEqual(form.fields["next"], "/edit")
        self.assertEqual(self.count(SignIn), 1)

    def test_remember_me_outlives_the_browser_only_when_it_is_chosen(self):
        for chosen, kept in (({"remember_me": "y"}, True), ({}, False)):
            with self.subTest(**chosen):
                browser = self.knock(**chosen)
                browser.client.delete_cookie("session", domain="127.0.0.1")
                browser.get("/")
                self.assertEqual(browser.page.heading == "Hi, miguel!", kept)

    def test_who_is_signed_in_at_the_provider_goes_on_by_a_button(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        browser.get("/login")
        browser.submit(button="Go on as miguel")
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_an_account_whose_user_is_nobody_yet_becomes_one_without_another_form(self):
        self.browser().join_provider("ingrid")
        self.assertEqual(self.knock(username="ingrid").page.heading, "Hi, ingrid!")
        self.person("tom").update_profile("greta", "")
        self.browser().join_provider("greta")
        self.assertEqual(self.knock(username="greta").page.heading, "Hi, greta2!")

    def person(self, nickname: str) -> User:
        return User.sign_up(f"https://{nickname}.example.com/", nickname, None)

    def test_when_the_conversation_cannot_begin_a_sentence_says_so(self):
        busy = door.SignInRefused("busy")
        with mock.patch.object(door.oid, "try_own_provider", side_effect=busy):
            browser = self.knock()
        self.assertEqual((browser.path, browser.status), ("/login", 400))
        self.assertIn("Very many people", browser.page.alerts[0])


class TypedIntoTheOtherFieldTests(DoorCase):
    def test_a_username_or_an_e_mail_leads_to_the_account_form(self):
        self.join("su.san")
        for typed, words in (
            ("miguel", door.NEEDS_PASSWORD),
            ("whoever", door.NEEDS_PASSWORD),
            ("su.san", door.NEEDS_PASSWORD),
            ("miguel@example.com", door.NEEDS_USERNAME),
        ):
            with self.subTest(typed):
                browser = self.browser()
                browser.get("/login?next=/edit")
                browser.submit(openid=typed, remember_me="y")
                self.assertEqual((browser.path, browser.status), ("/login", 200))
                self.assertEqual((browser.page.alerts, browser.page.statuses), ([], [words]))
                [form] = browser.page.forms
                self.assertEqual((form.fields["username"], form.fields["openid"]), (typed, ""))
                self.assertEqual((form.fields["remember_me"], form.fields["next"]), ("y", "/edit"))

    def test_an_address_does_not(self):
        for typed in ("http://me:secret@127.0.0.1:1/", "127.0.0.1:1/miguel", "no.such.invalid"):
            with self.subTest(typed):
                browser = self.browser()
                browser.get("/login")
                browser.submit(openid=typed)
                self.assertEqual((browser.status, browser.page.value("openid")), (400, typed))

    def test_without_accounts_it_is_an_address_like_any_other(self):
        self.app = self.make_app(PROVIDER="off")
        browser = self.browser()
        browser.get("/login")
        browser.submit(openid="miguel")
        self.assertEqual(browser.status, 400)


class DoorSafetyTests(DoorCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_nobody_is_signed_in_by_another_sites_form(self):
        """Login CSRF: the victim would write in the attacker's account."""
        for planted in ({}, {"csrf_token": "x"}, {"csrf_token": self.token_of_another()}):
            with self.subTest(planted):
                victim = self.browser()
                victim.get("/login")
                typed = {"username": "miguel", "password": PASSWORD, **planted}
                victim.post("/login", typed, headers={"Origin": "https://evil.example"})
                self.assertEqual(victim.status, 400)
                victim.get("/")
                self.assertEqual(victim.path, "/login")
        self.assertEqual((self.count(SignIn), self.count(AccountSignIn)), (1, 1))

    def token_of_another(self) -> str:
        attacker = self.browser()
        attacker.get("/login")
        return attacker.token()

    def test_the_session_is_a_fresh_one(self):
        browser = self.browser()
        browser.get("/login")
        with browser.client.session_transaction(base_url=SITE) as session:
            session["planted"] = "by somebody before"
        thief = self.browser().take_cookies(browser, "session")
        self.knock(browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            self.assertNotIn("planted", session)
        thief.get("/")
        self.assertEqual(thief.path, "/login")
        thief.get("/openid")
        self.assertNotIn("You are signed in as", thief.page.words)

    def test_the_way_back_is_bound_to_the_browser(self):
        browser = self.browser()
        browser.get("/login")
        data = browser.page.forms[0].fields | {"username": "miguel", "password": PASSWORD}
        browser.post("/login", data, follow=False)
        asked = browser.response.headers["Location"]
        browser.get(asked, follow=False)
        answer = browser.response.headers["Location"]
        other = self.browser()
        other.get(answer)
        self.assertEqual((other.path, len(other.page.alerts)), ("/login", 1))
        browser.get(answer)
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_an_answers_address_does_not_open_the_account_form(self):
        browser = self.browser()
        browser.get("/login")
        data = browser.page.forms[0].fields | {"username": "miguel", "password": PASSWORD}
        browser.post("/login?openid_complete=yes", data)
        self.assertEqual(self.count(AccountSignIn), 1)

    def test_wrong_passwords_are_counted_on_both_pages_together(self):
        for number in range(25):
            browser = self.browser()
            path = ("/login", "/openid/sign-in")[number % 2]
            browser.get(path)
            browser.submit(username=f"nobody{number}", password="wrong")
            self.assertEqual(browser.status, 400)
        for path in ("/login", "/openid/sign-in"):
            browser = self.browser()
            browser.get(path)
            browser.submit(username="nobody", password="wrong")
            self.assertEqual(browser.status, 429)

    def test_guesses_at_one_account_wait_and_its_owners_browser_does_not(self):
        home = self.knock()
        home.submit(button="Sign out")
        for _ in range(6):
            guesser = self.knock(password="wrong")
        self.assertEqual(guesser.status, 400)
        self.assertEqual(self.knock().status, 429)
        home = self.knock(home)
        self.assertEqual(home.page.heading, "Hi, miguel!")

    def test_no_password_is_kept_or_logged(self):
        with self.assertLogs(current_app.logger, "WARNING") as log:
            browser = self.knock(password="a wrong secret")
        self.assertNotIn("a wrong secret", browser.text + "".join(log.output))


class ShutDoorTests(DoorCase):
    def at(self, **settings) -> Browser:
        self.app = self.make_app(**settings)
        browser = self.browser()
        browser.get("/login")
        return browser

    def test_each_setting_that_shuts_a_way_says_so(self):
        for settings, words, makes, has_form in (
            ({"PROVIDER": "closed"}, "makes no new accounts at present", False, True),
            ({"PROVIDER": "off"}, "With an OpenID", False, False),
            ({"JOIN": "closed"}, "takes no new members at present", False, True),
            ({"JOIN": "invite"}, "Nobody new can make an account without an", False, True),
            ({"JOIN": "ask"}, "why you would like to join", True, True),
            ({"PUBLIC": "off"}, "for members alone", True, True),
        ):
            with self.subTest(**settings):
                browser = self.at(**settings)
                self.assertIn(words, browser.page.words)
                self.assertEqual("Make an account" in browser.page.links, makes)
                has = any("password" in form.names for form in browser.page.forms)
                self.assertEqual(has, has_form)

    def test_without_the_provider_a_password_opens_nothing(self):
        browser = self.at(PROVIDER="off")
        token = browser.token()
        form = {"csrf_token": token, "username": "miguel", "password": PASSWORD}
        browser.post("/login", form)
        self.assertEqual((browser.path, browser.status), ("/login", 400))
        self.assertEqual(self.count(SignIn), 1)

    def test_a_closed_provider_and_a_closed_site_let_members_in(self):
        self.app = self.make_app(PROVIDER="closed", JOIN="closed")
        self.assertEqual(self.knock().page.heading, "Hi, miguel!")

    def test_a_newcomer_who_makes_an_account_meets_what_JOIN_says(self):
        self.app = self.make_app(JOIN="ask")
        self.assertEqual(self.join("ingrid").path, "/join")
        self.app = self.make_app(JOIN="closed")
        self.assertEqual(self.join("tom").path, "/login")
        self.assertEqual(self.count(User), 1)


class MemberMakesAnAccountTests(DoorCase):
    def test_a_member_who_makes_another_account_stays_who_they_are(self):
        browser = self.knock()
        self.join("second", browser=browser)
        self.assertEqual((browser.path, self.count(User)), ("/openid", 1))
        browser.get("/")
        self.assertEqual(browser.page.heading, "Hi, miguel!")
