"""The line that each request leaves with REQUEST_LOG=on, and what slow statements leave."""

from unittest import mock

import sqlalchemy as sa

from app import db
from app.database.durations import timing
from app.failures.log_limit import MAX_LINES
from app.models import User
from app.tests.support.base import SITE, Browser
from app.tests.support.failures import ENTRY, FailureCase

SECRET = "s3cr3t-of-a-visitor"


class RequestLogTests(FailureCase):
    def lines(self) -> list[str]:
        return [line for line in self.log() if " INFO: request " in line]

    def test_it_is_off_unless_it_is_asked_for(self):
        Browser(self.failing_app()).get("/explore")
        self.assertEqual(self.lines(), [])

    def test_each_request_is_one_line_however_many_there_are(self):
        app = self.failing_app(REQUEST_LOG="on")
        client = app.test_client()
        for _ in range(2 * MAX_LINES):
            client.get("/explore", base_url=SITE)
        self.assertEqual(len(self.lines()), 2 * MAX_LINES)
        pattern = (
            r"request GET /explore 200 in \d+ ms, [1-9]\d+ bytes, explore\.explore \(no user, from"
        )
        self.assertRegex(self.lines()[0], pattern)
        self.assertRegex(self.lines()[0], ENTRY)

    def test_it_tells_of_errors_whatever_they_come_from(self):
        client = self.failing_app(REQUEST_LOG="on").test_client()
        for host, path, status in (
            (SITE, "/nowhere", 404),
            (SITE, "/fail", 500),
            (SITE, "/" + "x" * 9000, 414),
            (SITE, "/static/style.css", 200),
            ("http://evil.example", "/", 400),
        ):
            client.get(path, base_url=host).close()
            with self.subTest(path[:20]):
                self.assertIn(f" {status} in ", self.lines()[-1])
                self.assertLess(len(self.lines()[-1]), 2100)
        self.assertEqual(len(self.lines()), 5)

    def test_the_user_is_named_and_nothing_secret_is(self):
        app = self.failing_app(REQUEST_LOG="on")
        john = User.sign_up("https://john.example.com/", "john", None)
        browser = Browser(app)
        browser.sign_in(john)
        browser.get("/")
        browser.submit(post=f"my {SECRET}")
        browser.get(f"/login?openid.sig={SECRET}&next=/edit?{SECRET}")
        browser.get("/join", headers={"Referer": f"{SITE}/{SECRET}", "User-Agent": SECRET})
        cookie = browser.cookie("session").value
        browser.client.get(f"/user/{cookie}", base_url=SITE)
        browser.client.get("/a%0AERROR: forged", base_url=SITE)
        text = "\n".join(self.log())
        self.assertIn(f"(user {john.id}, from", text)
        self.assertNotIn(SECRET, text)
        self.assertNotIn(cookie, text)
        for line in self.lines():
            self.assertRegex(line, ENTRY)


class SlowQueryTests(FailureCase):
    def slow(self) -> list[str]:
        return [line for line in self.log() if "slow query" in line]

    def test_it_is_a_warning_without_what_was_asked_for(self):
        app = self.failing_app()
        with app.app_context(), mock.patch.object(timing, "SLOW_SECONDS", 0.0):
            db.session.execute(sa.text("SELECT\n  :word"), {"word": SECRET})
        self.assertRegex(self.slow()[-1], r"WARNING: slow query, 0\.\d seconds: SELECT [:?%]")
        self.assertNotIn(SECRET, "\n".join(self.log()))

    def test_what_is_quick_is_not_told(self):
        app = self.failing_app()
        Browser(app).get("/explore")
        with app.app_context():
            db.session.execute(sa.text("SELECT 1"))
        self.assertEqual(self.slow(), [])
