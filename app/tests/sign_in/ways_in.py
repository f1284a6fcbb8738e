"""The whole way in and out: with this site's own provider, and with another one."""

from unittest import mock
from urllib.parse import parse_qs, urlsplit

from app.models import SignIn, User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE, Browser
from app.tests.support.openid.signing_in import SecondProviderCase


class SignInFormTests(SecondProviderCase):
    def test_an_empty_field_is_refused_in_a_sentence(self):
        browser = self.begin("  ", provider="")
        self.assertEqual((browser.path, browser.status), ("/login", 400))
        self.assertEqual(
            browser.page.alerts, ["Please type your OpenID, or choose one of the buttons."]
        )

    def test_a_very_long_address_is_refused_and_kept(self):
        typed = "http://example.com/" + "x" * 300
        browser = self.begin(typed)
        self.assertEqual(browser.status, 400)
        self.assertIn("255", browser.page.alerts[0])
        self.assertEqual(browser.page.value("openid"), typed)

    def test_a_form_without_its_token_begins_nothing(self):
        self.begin(csrf_token="")
        self.assertEqual(self.provider.requests, [])

    def test_the_buttons_lead_to_their_providers(self):
        origin = self.provider.origin
        buttons = [
            {"name": "Second", "url": origin + "/"},
            {"name": "Named", "url": origin + "/id/<username>"},
        ]
        self.enterContext(mock.patch.dict(self.app.config, OPENID_PROVIDERS=buttons))
        for button, values, claimed in [
            ("Second", {}, "http://specs.openid.net/auth/2.0/identifier_select"),
            ("Named", {"username_there": "ingrid"}, origin + "/id/ingrid"),
        ]:
            with self.subTest(button):
                browser = self.browser()
                browser.get("/login")
                browser.submit(button=button, **values)
                self.assertTrue(browser.url.startswith(self.provider.endpoint + "?"), browser.url)
                asked = parse_qs(urlsplit(browser.url).query)
                self.assertEqual(asked["openid.claimed_id"], [claimed])
        self.provider.requests.clear()
        for username in ("", "in/grid", "ingrid@evil.example", "a b"):
            with self.subTest(username):
                browser = self.browser()
                browser.get("/login")
                browser.submit(button="Named", username_there=username)
                self.assertEqual((browser.path, browser.status), ("/login", 400))
                self.assertEqual(len(browser.page.alerts), 1)
                kept = next(f.fields for f in browser.page.forms if "Named" in f.buttons)
                self.assertEqual(kept["username_there"], username)
        self.assertEqual(self.begin(openid="", provider="Third").status, 400)
        self.assertEqual(self.provider.requests, [])


class SecondProviderSignInTests(SecondProviderCase):
    """Somebody comes with an OpenID from elsewhere."""

    def test_allowing_it_signs_in_and_the_next_time_finds_the_same_user(self):
        browser = self.sign_in()
        self.assertEqual((browser.url, browser.page.heading), (SITE + "/", "Hi, susan!"))
        user = User.of_identifier(self.provider.origin + "/id/susan")
        self.assertEqual((user.nickname, user.email), ("susan", "susan@elsewhere.example"))
        self.provider.nickname, self.provider.email = "changed", "changed@elsewhere.example"
        self.assertEqual(self.sign_in().page.heading, "Hi, susan!")
        self.assertEqual(self.count(User), 1)

    def test_a_provider_that_asks_first_works_too(self):
        self.provider.interactive = True
        browser = self.begin()
        question = self.decide(browser)
        self.assertEqual(question.url, "/endpoint")
        fields = question.fields | {"decision": "allow"}
        self.come_back(browser, self.provider.visit(self.provider.endpoint, fields))
        self.assertEqual(browser.page.heading, "Hi, susan!")

    def test_cancelling_there_changes_nothing_and_keeps_what_was_typed(self):
        self.provider.decision = "cancel"
        browser = self.sign_in()
        self.assertEqual((browser.path, browser.status), ("/login", 200))
        self.assertEqual(browser.page.statuses, [PROBLEMS["cancelled"]])
        self.assertEqual(browser.page.value("openid"), self.provider.origin + "/")
        self.assertEqual(self.count(User), 0)

    def test_no_e_mail_address_is_fine(self):
        self.provider.email = None
        self.assertEqual(self.sign_in().page.heading, "Hi, susan!")

    def test_without_a_nickname_the_e_mail_gives_one(self):
        self.provider.nickname = None
        self.provider.email = "su.san+blog@elsewhere.example"
        self.assertEqual(self.sign_in().page.heading, "Hi, su.san_blog!")

    def test_nicknames_are_cleaned_and_made_unique(self):
        for number, (sent, nickname) in enumerate(
            [
                ("miguel", "miguel"),
                ("Miguel", "Miguel2"),
                (" miguel ", "miguel3"),
                ("Süsan O'Hara <b>", "S_san_O_Hara_b"),
                ("admin", "admin2"),
                ("admin.", "admin3"),
                ("a.d.m.i.n", "a.d.m.i.n2"),
                ("-miguel.", "miguel4"),
                ("anna.atom-.atom", "anna"),
                ("y" * 63 + ".y", "y" * 63),
                ("x" * 100, "x" * 64),
                ("x" * 70, "x" * 63 + "2"),
                ("%_", "susan"),
                ("‮\x00", "susan2"),
            ]
        ):
            with self.subTest(sent):
                self.provider.nickname = sent
                self.provider.chosen = f"/id/{number}"
                self.assertEqual(self.sign_in().page.heading, f"Hi, {nickname}!")

    def test_who_sends_no_usable_name_is_asked_for_one(self):
        User.sign_up("https://miguel.example.com/", "miguel", None)
        self.provider.nickname = self.provider.email = None
        browser = self.sign_in()
        self.assertEqual(
            (browser.path, browser.page.heading), ("/login/nickname", "Choose a nickname")
        )
        for typed, word in [
            ("", "choose a name"),
            ("su san", "only letters"),
            ("..", "letter or digit"),
            ("WebMaster", "kept for the site"),
            ("Web.Master", "kept for the site"),
            ("susan.", "begin and end"),
            ("s" * 65, "at most 64"),
            ("MIGUEL", "already in use"),
        ]:
            with self.subTest(typed):
                browser.submit(nickname=typed)
                self.assertEqual((browser.path, browser.status), ("/login/nickname", 400))
                self.assertIn(word, " ".join(browser.page.alerts))
                self.assertEqual(browser.page.forms[0].fields["nickname"], typed)
        late = self.browser().take_cookies(browser, "session")
        browser.submit(nickname="Susan")
        self.assertEqual((browser.url, browser.page.heading), (SITE + "/", "Hi, Susan!"))
        self.assertEqual(self.sign_in().page.heading, "Hi, Susan!")
        with self.subTest("the proof in the old cookie is worth nothing any more"):
            late.get("/login/nickname")
            late.submit(nickname="thief")
            self.assertEqual((late.path, late.page.alerts), ("/login", [PROBLEMS["used"]]))

    def test_the_nickname_page_is_for_newcomers(self):
        browser = self.browser()
        browser.get("/login/nickname")
        self.assertEqual(browser.path, "/login")


class StayingSignedInTests(SecondProviderCase):
    def is_in(self, browser: Browser) -> bool:
        browser.get("/")
        return browser.page.heading == "Hi, susan!"

    def test_remember_me_outlives_the_browser(self):
        browser = self.sign_in(remember_me="y")
        browser.client.delete_cookie("session", domain="127.0.0.1")
        self.assertTrue(self.is_in(browser))

    def test_without_it_closing_the_browser_signs_out(self):
        browser = self.sign_in()
        self.assertIsNone(browser.cookie("remember"))
        browser.client.delete_cookie("session", domain="127.0.0.1")
        self.assertFalse(self.is_in(browser))

    def test_signing_out_ends_every_copy_of_both_cookies(self):
        browser = self.sign_in(remember_me="y")
        other = self.sign_in()
        copies = [
            self.browser().take_cookies(browser, *names)
            for names in (["session"], ["remember"], ["session", "remember"])
        ]
        browser.submit(button="Sign out")
        self.assertEqual((browser.path, browser.page.statuses), ("/login", ["You are signed out."]))
        self.assertEqual([self.is_in(copy) for copy in [browser, *copies]], [False] * 4)
        self.assertTrue(self.is_in(other))

    def test_looking_at_the_sign_out_page_changes_nothing(self):
        browser = self.sign_in()
        browser.get("/logout")
        self.assertEqual(browser.page.heading, "Sign out")
        self.assertTrue(self.is_in(browser))
        browser.post("/logout", {"csrf_token": "wrong"})
        self.assertEqual(browser.status, 400)
        self.assertTrue(self.is_in(browser))

    def test_the_way_to_a_page_leads_there_after_signing_in(self):
        browser = self.browser()
        browser.get("/edit")
        self.assertEqual((browser.path, browser.page.heading), ("/login", "Sign in"))
        browser = self.begin(browser=browser)
        self.come_back(browser, self.decide(browser))
        self.assertEqual(browser.path, "/edit")

    def test_who_is_signed_in_already_goes_on(self):
        browser = self.sign_in()
        for url, path in [("/login", "/"), ("/login?next=/edit", "/edit")]:
            browser.get(url)
            self.assertEqual(browser.path, path)

    def test_a_sign_in_starts_a_fresh_session(self):
        browser = self.browser()
        with browser.client.session_transaction(base_url=SITE) as session:
            session["planted"] = "by somebody before"
        self.sign_in(browser=browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            self.assertNotIn("planted", session)
            first = session["_user_id"]
        browser.submit(button="Sign out")
        self.sign_in(browser=browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            self.assertNotEqual(session["_user_id"], first)
        self.assertEqual(self.count(SignIn), 1)
