"""Pages that say what went wrong, in the site's own words."""

from unittest import mock

from app import create_app, db
from app.models import CurrentUser, User
from app.tests.support.base import Browser, PeopleTestCase, settings


class ErrorPageTests(PeopleTestCase):
    def test_an_unknown_address_gets_the_sites_404(self):
        for who in (None, self.john):
            browser = self.browser(who)
            browser.get("/nowhere")
            self.assertEqual(browser.status, 404)
            self.assertEqual(browser.page.heading, "File Not Found")
            self.assertIn("style.css", browser.text)
            self.assertEqual(browser.page.links["Back to the home page"], "/")

    def test_the_404_offers_to_look_for_what_was_asked(self):
        browser = self.browser()
        for path, words in {
            "/user/nobody-of-that_name": "nobody of that name",
            "/nowhere/%3Cscript%3E": "script",
            "/post/4711": "",
            "/" + "x" * 3000: "x" * 200,
        }.items():
            with self.subTest(path[:40]):
                browser.get(path)
                self.assertEqual(browser.status, 404)
                (form,) = browser.page.forms
                self.assertEqual((form.action, form.fields["q"]), ("/search", words))
        members_only = Browser(self.make_app(PUBLIC="off"))
        members_only.get("/nowhere")
        self.assertEqual((members_only.status, members_only.page.forms), (404, []))

    def test_an_address_opened_the_wrong_way_gets_a_page(self):
        browser = self.browser(self.john)
        for path in ("/xrds", "/user/susan", "/explore"):
            with self.subTest(path):
                browser.get("/")
                browser.post(path, {"csrf_token": browser.token()})
                self.assertEqual((browser.status, browser.page.heading), (405, "Not this way"))

    def test_too_long_a_form_is_refused_in_words(self):
        browser = self.browser(self.john)
        browser.get("/")
        browser.submit(post="x" * 100_000)
        self.assertEqual(browser.status, 413)
        self.assertEqual(browser.page.heading, "Too long")

    def test_a_form_without_its_token_is_handed_back_with_what_was_typed(self):
        browser = self.browser(self.john)
        browser.get("/")
        browser.post("/", {"post": "hard to write twice", "csrf_token": "stale"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(browser.page.heading, "This form has expired")
        browser.submit(button="Send it again")
        self.assertEqual(browser.status, 200)
        self.assertIn("hard to write twice", browser.page.words)

    def test_a_failure_hands_back_what_was_typed_without_database_and_session(self):
        # With TESTING on, a failure would come to the test itself.
        browser = Browser(self.make_app(TESTING=False))
        browser.sign_in(self.john)
        browser.get("/")
        token = browser.token()
        failing = mock.patch.object(User, "write", side_effect=ZeroDivisionError("deliberately"))
        broken = mock.patch.object(
            CurrentUser, "of_token", side_effect=ZeroDivisionError("deliberately")
        )
        for failure in (failing, broken):
            with failure:
                browser.post("/", {"post": "hard to write", "csrf_token": token})
            self.assertEqual((browser.status, browser.page.forms), (500, []))
            self.assertIn("hard to write", browser.page.words)
        with broken:
            browser.post("/openid/sign-in", {"username": "john", "password": "secret words"})
        self.assertNotIn("secret words", browser.text)

    def test_a_form_of_a_machine_with_another_key_is_told_once(self):
        other = Browser(self.make_app(SECRET_KEY="the key of another machine"))
        other.get("/login")
        token, cookie = other.token(), other.cookie("session").value
        app = create_app(**settings())
        self.addCleanup(lambda: self.close(app))

        def send(value: str) -> None:
            browser = Browser(app)
            browser.client.set_cookie("session", value, domain="127.0.0.1")
            browser.post("/login", {"openid": "x", "csrf_token": token})
            self.assertEqual((browser.status, browser.page.heading), (400, "This form has expired"))

        with self.assertNoLogs(app.logger, "WARNING"):
            own = Browser(app)
            own.get("/login")
            send(own.cookie("session").value)
            for made_up in ("", "x", cookie.partition(".")[2], "e30.x.y"):
                send(made_up)
        with self.assertLogs(app.logger, "WARNING") as logged:
            for _ in range(3):
                send(cookie)
        self.assertEqual(len(logged.output), 1)
        self.assertIn("another SECRET_KEY", logged.output[0])
        self.assertNotIn(cookie[:20], logged.output[0])

    def close(self, app) -> None:
        with app.app_context():
            db.engine.dispose()

    def test_a_form_sent_by_another_site_gets_no_second_chance_and_no_cookie(self):
        for origin in ("https://evil.example", "null", None):
            with self.subTest(origin):
                browser = self.browser(self.john)
                headers = {"Origin": origin} if origin else {}
                browser._open("POST", "/", data={"post": "not mine"}, headers=headers)
                self.assertEqual(browser.status, 400)
                self.assertNotIn("not mine", browser.text)
                self.assertNotIn("Set-Cookie", browser.response.headers)

    def test_a_password_is_never_handed_back(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.post("/openid/sign-in", {"username": "john", "password": "hunter2 hunter2"})
        self.assertEqual(browser.status, 400)
        self.assertNotIn("hunter2", browser.text)
