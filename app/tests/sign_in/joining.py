"""The way in and out with an account at this site's own provider."""

from app.models import Identity, User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin, TestCase


class JoiningTests(JoinMixin, TestCase):
    def test_a_newcomer_sees_three_pages_and_fills_in_one_form(self):
        browser = self.browser()
        browser.get("/")
        self.assertEqual(browser.page.heading, "Sign in")
        browser.get(browser.page.links["Make an account"])
        self.assertEqual(browser.page.heading, "Make an account")
        browser.submit(username="miguel", password=PASSWORD, email="miguel@example.com")
        self.assertEqual((browser.url, browser.status), (SITE + "/", 200))
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertEqual(browser.page.statuses, ["Welcome, miguel!"])
        user = self.owner_of(SITE + "/id/miguel")
        self.assertEqual((user.nickname, user.email), ("miguel", "miguel@example.com"))

    def test_an_e_mail_address_is_not_needed(self):
        self.assertEqual(self.join("miguel").page.heading, "Hi, miguel!")
        self.assertIsNone(self.owner_of(SITE + "/id/miguel").email)

    def test_what_cannot_be_an_account_is_refused_and_what_was_typed_is_kept(self):
        self.join("miguel")
        name, password, email = "ingrid", PASSWORD, "ingrid@example.com"
        for refused, word in [
            (("miguel", password, email), "already in use"),
            (("MIGUEL", password, email), "already in use"),
            (("", password, email), "choose a name"),
            (("in grid", password, email), "only letters"),
            (("ïngrid", password, email), "only letters"),
            (("<b>ingrid", password, email), "only letters"),
            (("../ingrid", password, email), "only letters"),
            (("...", password, email), "letter or digit"),
            (("i" * 65, password, email), "at most 64"),
            (("Admin", password, email), "kept for the site"),
            (("admin_", password, email), "kept for the site"),
            (("ad.min", password, email), "kept for the site"),
            (("ingrid.", password, email), "begin and end"),
            (("-ingrid", password, email), "begin and end"),
            ((name, "1234567", email), "from 8"),
            ((name, "", email), "from 8"),
            ((name, "x" * 1001, email), "1000"),
            ((name, password, "ingrid"), "you@example.com"),
            ((name, password, "i@" + "x" * 120), "you@example.com"),
        ]:
            with self.subTest(refused):
                browser = self.browser()
                browser.get("/openid/join")
                typed = dict(zip(("username", "password", "email"), refused, strict=True))
                browser.submit(**typed)
                self.assertEqual((browser.path, browser.status), ("/openid/join", 400))
                self.assertEqual(len(browser.page.alerts), 1)
                self.assertIn(word, browser.page.alerts[0])
                fields = next(f.fields for f in browser.page.forms if "email" in f.fields)
                self.assertEqual(
                    (fields["username"], fields["email"], fields["password"]),
                    (refused[0], refused[2], ""),
                )
        self.assertEqual(self.count(User), 1)


class OwnProviderSignInTests(JoinMixin, TestCase):
    """Somebody who has an account at this site comes back."""

    def setUp(self):
        super().setUp()
        self.join("miguel", "miguel@example.com")

    def at_the_provider(self, **chosen) -> Browser:
        browser = self.browser()
        browser.get("/login")
        browser.post("/login", {"csrf_token": browser.token(), **(chosen or {"provider": "own"})})
        return browser

    def test_username_and_password_lead_home_and_nothing_else_is_asked(self):
        browser = self.at_the_provider()
        self.assertEqual(browser.page.heading, "Sign in with this site")
        browser.submit(username="Miguel", password=PASSWORD)
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertEqual(self.count(User), 1)

    def test_who_is_signed_in_at_the_provider_is_not_asked_at_all(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        self.assertIn("You are signed in as miguel", " ".join(browser.page.words.split()))
        browser.get("/login")
        browser.ask_own_provider()
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_a_wrong_password_and_an_unknown_username_get_the_same_answer(self):
        answers = []
        for username, password in [("miguel", "wrong password"), ("nobody1", PASSWORD)]:
            browser = self.at_the_provider()
            browser.submit(username=username, password=password)
            self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 400))
            form = next(form for form in browser.page.forms if "password" in form.fields)
            self.assertEqual((form.fields["username"], form.fields["password"]), (username, ""))
            answers.append((browser.page.alerts, browser.page.words))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][0], ["This username and password do not belong together."])

    def test_a_form_without_a_password_is_refused_like_a_wrong_one(self):
        browser = self.at_the_provider()
        browser.post(browser.url, {"csrf_token": browser.token(), "username": "miguel"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(len(browser.page.alerts), 1)

    def test_the_own_identity_can_be_typed_in_several_ways(self):
        for typed in (
            "http://127.0.0.1:5000/id/miguel",
            "127.0.0.1:5000/id/miguel",
            "http://127.0.0.1:5000/id/Miguel",
            "HTTP://127.0.0.1:5000/id/miguel#me",
            "127.0.0.1:5000/openid",
        ):
            with self.subTest(typed):
                browser = self.at_the_provider(openid=typed)
                browser.submit(username="miguel", password=PASSWORD)
                self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertEqual(self.count(Identity), 1)

    def test_another_accounts_password_does_not_open_a_typed_identity(self):
        self.join("ingrid")
        browser = self.at_the_provider(openid=SITE + "/id/miguel")
        self.assertIn(SITE + "/id/miguel", browser.page.words)
        browser.submit(username="ingrid", password=PASSWORD)
        self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 400))

    def test_who_changes_their_mind_at_the_provider_is_told_that_nothing_happened(self):
        browser = self.at_the_provider()
        browser.submit(button="Cancel and go back")
        self.assertEqual((browser.path, browser.status), ("/login", 200))
        self.assertEqual(browser.page.statuses, [PROBLEMS["cancelled"]])
        self.assertEqual(browser.page.alerts, [])
        browser.get("/login")
        self.assertEqual(browser.page.statuses, [])

    def test_without_the_provider_its_button_is_gone_and_pressing_it_is_answered(self):
        self.app = self.make_app(PROVIDER="off")
        browser = self.at_the_provider()
        self.assertNotIn("password", browser.page.forms[0].names)
        self.assertEqual((browser.path, browser.status), ("/login", 400))
        self.assertEqual(len(browser.page.alerts), 1)


class SigningOutOfTheProviderTests(JoinMixin, TestCase):
    def test_signing_out_here_ends_the_sign_in_at_our_provider_too(self):
        browser = self.join("miguel")
        copy = self.browser().take_cookies(browser, "session")
        browser.submit(button="Sign out")
        for each in (browser, copy):
            each.get("/openid")
            self.assertNotIn("You are signed in", each.page.words)
            each.get("/login")
            each.ask_own_provider()
            self.assertEqual(each.path, "/openid/sign-in")
