"""The addresses under which the site is served, and those it does not know."""

from unittest import mock

from app.tests.support.base import Browser, JoinMixin, TestCase

HTTPS_SITE = "https://blog.example.com"


class AddressTests(JoinMixin, TestCase):
    """Which hosts the site answers to, and what its cookies say of https."""

    def get(self, url: str, app=None, **options):
        with (app or self.app).app_context():
            origin, _, path = url.partition("/login")
            client = (app or self.app).test_client()
            return client.get("/login" + path, base_url=origin, **options)

    def test_a_foreign_host_gets_a_400_page_that_does_not_repeat_it(self):
        for url in ("http://evil.example/login", "http://127.0.0.1.evil.example:5000/login"):
            answer = self.get(url)
            self.assertEqual(answer.status_code, 400)
            self.assertIn("Not at this address", answer.text)
            self.assertNotIn("evil.example", answer.text)
            self.assertNotIn("evil.example", str(answer.headers))

    def test_the_sign_in_page_under_another_loopback_name_is_elsewhere(self):
        for alias in ("http://localhost:5000", "http://[::1]:5000", "http://127.0.0.1"):
            answer = self.get(f"{alias}/login?next=/edit")
            self.assertEqual(answer.status_code, 302)
            self.assertEqual(answer.headers["Location"], "http://127.0.0.1:5000/login?next=/edit")
        self.assertEqual(self.get("http://127.0.0.1:5000/login").status_code, 200)

    def test_a_chosen_site_url_is_the_only_one(self):
        app = self.make_app(SITE_URL=HTTPS_SITE)
        self.assertEqual(self.get(f"{HTTPS_SITE}/login", app).status_code, 200)
        for other in ("http://127.0.0.1:5000", "http://localhost:5000", "https://evil.example"):
            self.assertEqual(self.get(f"{other}/login", app).status_code, 400, other)

    def test_under_https_every_cookie_is_secure_and_bound_to_this_host(self):
        app = self.make_app(SITE_URL=HTTPS_SITE)
        browser = Browser(app, HTTPS_SITE)
        cookies = {}
        visit = browser.client.open

        def watch(*args, **options):
            answer = visit(*args, **options)
            for cookie in answer.headers.getlist("Set-Cookie"):
                cookies[cookie.partition("=")[0]] = cookie
            return answer

        with mock.patch.object(browser.client, "open", watch):
            browser.get("/login")
            token = browser.token()
            browser.post("/login", {"provider": "own", "remember_me": "y", "csrf_token": token})
            browser.get(browser.page.links["Make an account"])
            browser.submit(username="miguel", password="correct horse battery", email="")
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        expected = {"__Host-session", "__Host-remember", "__Host-known", "__Host-been-here"}
        self.assertEqual(set(cookies), expected)
        for cookie in cookies.values():
            attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
            self.assertLessEqual({"secure", "httponly", "path=/", "samesite=lax"}, attributes)
            self.assertNotIn("domain", cookie.lower())

    def test_under_http_a_cookie_without_https_still_works(self):
        cookie = self.get("http://127.0.0.1:5000/login").headers["Set-Cookie"]
        self.assertTrue(cookie.startswith("session="), cookie)
        self.assertNotIn("Secure", cookie)
        self.assertIn("HttpOnly", cookie)
