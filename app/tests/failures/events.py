"""What the log tells besides failures of pages: events, and what fails outside a request."""

import sys
import unittest

from app.extensions import limiter
from app.models import Post, User
from app.tests.support.base import PASSWORD, Browser, JoinMixin
from app.tests.support.failures import FailureCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    copy_of_the_site,
    missing_table,
)


class EventTests(FailureCase):
    """What is worth a line although nothing failed."""

    def signed_in(self, app, nickname: str) -> Browser:
        user = User.sign_up(f"https://{nickname}.example.com/", nickname, None)
        browser = Browser(app)
        browser.sign_in(user)
        browser.get("/")
        return browser

    def test_joining_signing_in_and_out(self):
        browser = Browser(self.failing_app())
        JoinMixin.join(self, "miguel", browser=browser)
        user = User.find("miguel")
        self.entries(f"new user {user.id} ")
        self.entries(f"sign-in of user {user.id} (user {user.id}, from 127.0.0.1)")
        browser.get("/logout")
        browser.submit(button="Sign out")
        self.entries(f"sign-out of user {user.id}")
        browser.get("/login")
        for field in ("miguel", PASSWORD, browser.token()):
            self.assertNotIn(field, "\n".join(self.log()).replace("miguel/", ""))

    def test_renaming_and_deleting(self):
        app = self.failing_app()
        browser = self.signed_in(app, "john")
        browser.get("/edit")
        browser.submit(nickname="johannes", about_me="")
        self.entries("until now john, renamed")
        browser.get("/edit")
        browser.submit(nickname="johannes", about_me="changed")
        self.assertEqual(len(self.entries("renamed")), 1)
        browser.get("/")
        browser.submit(post="hello")
        browser.get(browser.page.links["Delete your post “hello”"])
        browser.submit(button="Delete it for good")
        self.assertEqual(self.count(Post), 0)
        self.entries("deleted (user ")
        self.assertNotIn("johannes", "\n".join(self.log()))

    def test_a_limit_that_is_hit_and_refused_sign_ins_with_the_reason(self):
        browser = Browser(self.failing_app(RATELIMIT_ENABLED="on"))
        self.addCleanup(setattr, limiter, "enabled", False)
        self.addCleanup(limiter.reset)
        browser.get("/login?openid_complete=yes&state=stolen")
        self.assertIn("WARNING: sign-in refused: elsewhere", self.entries("refused")[0])
        browser.get("/login")
        browser.submit(openid="https://nowhere.invalid/")
        self.assertIn("sign-in refused: not_found", self.entries("refused", 2)[1])
        self.assertNotIn("nowhere.invalid", "\n".join(self.log()))
        browser.get("/openid/sign-in")
        for _ in range(30):
            browser.submit(username="nobody", password="Tr0ub4dor")
            if browser.status == 429:
                break
            browser.get("/openid/sign-in")
        self.entries("wrong username or password")
        hit = self.entries("limit hit")[0]
        self.assertIn("INFO: limit hit: GuessedTooOften at accounts.sign_in", hit)
        self.assertNotIn("Tr0ub4dor", "\n".join(self.log()))


class OutsideTests(unittest.TestCase):
    """What fails outside every request, in processes of their own."""

    slow = True

    def setUp(self):
        self.folder = copy_of_the_site(self)
        self.log = self.folder / "tmp" / "microblog.log"

    def run_flask(self, *arguments, code: int, **settings) -> str:
        process = Process(self, sys.executable, *arguments, cwd=self.folder, **settings)
        self.assertEqual(process.process.wait(START_SECONDS), code, process.output)
        return self.log.read_text()

    def test_a_command_that_fails(self):
        self.run_flask("-m", "flask", "user", "remove", "john", code=1)
        with missing_table(self.folder, "user"):
            log = self.run_flask("-m", "flask", "user", "remove", "john", code=1)
        self.assertIn(" ERROR: failure outside a request [in ", log)
        self.assertIn("\n    Traceback (most recent call last):", log)
        self.assertIn("no such table: user", log)
        self.assertEqual(log.count("ERROR"), 1)
