"""A quarrel from its report to its end, in a real browser with scripts off."""

import unittest

from app import db
from app.database import writing
from app.models import User
from app.models.moderation.reports import CHOICES
from app.tests.support.base import PASSWORD, Browser
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.served_site import ServedSite
from app.views.moderation.reports import THANKS
from app.views.moderation.suspension import SENT

DONE = "Done. Everybody can read it in the log."


class QuarrelJourneyTests(unittest.TestCase):
    slow = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = Chromium.of_this_process()
        cls.site = ServedSite(cls, host="localhost")

    def setUp(self):
        self.chromium.reset()
        self.chromium.run_scripts(False)
        context = self.site.app.app_context()
        context.push()
        self.addCleanup(context.pop)

    def tearDown(self):
        self.assertEqual(self.chromium.problems(self.site.origin + "/"), [])

    def open(self, path: str) -> None:
        self.chromium.driver.get(self.site.origin + path)

    def be(self, user: User | None) -> None:
        """Let the browser be this user's from now on."""
        browser = Browser(self.site.app, self.site.origin)
        browser.get("/explore")
        if user is not None:
            browser.sign_in(user)
        self.chromium.take_cookies(browser)

    def statuses(self) -> list[str]:
        return self.chromium.texts("[role=status]")

    def words(self) -> str:
        return " ".join(self.chromium.texts("main"))

    def test_report_hide_suspend_appeal_and_lift(self):
        people = {
            name: User.sign_up(f"https://{name}.example.com/", name, None)
            for name in ("john", "mary")
        }
        with writing():
            people["mary"].role = "moderator"
        self.open("/login")
        self.chromium.follow("Make an account")
        self.chromium.fill(username="rudy", password=PASSWORD)
        self.chromium.press("Make my account")
        self.chromium.fill(post="You all are fools")
        self.chromium.press("Post")

        self.be(people["john"])
        self.open("/explore")
        self.chromium.follow("Report")
        self.chromium.fill(sentence="That is rude.")
        self.chromium.press(CHOICES["abuse"])
        self.assertEqual(self.statuses(), [THANKS])

        self.be(people["mary"])
        self.open("/")
        self.chromium.follow("Moderation (1)")
        self.assertIn("That is rude.", self.words())
        self.chromium.follow("Decide")
        self.chromium.fill(reason="We are kind here.")
        self.chromium.press("Hide the post")
        self.assertEqual(self.statuses(), [DONE])
        self.assertIn("Nothing waits.", self.words())

        self.be(people["john"])
        self.open("/")
        self.chromium.follow("You have 1 unread")
        self.assertIn("we hid the post. Why: We are kind here.", self.words())

        self.be(people["mary"])
        self.open("/moderation/user/rudy")
        reasons = self.chromium.driver.find_elements("name", "reason")
        reasons[1].send_keys("Enough.")
        self.chromium.fill(days="3")
        self.chromium.press("Suspend for so many days")
        self.assertEqual(self.statuses(), [DONE])
        self.open("/moderation/log")
        self.assertIn("mary suspended rudy until", self.words())

        self.be(None)
        self.sign_in_as_rudy()
        self.assertEqual(self.chromium.heading, "You are suspended")
        self.assertIn("Why: Enough.", self.words())
        self.chromium.fill(appeal="I was tired. I am sorry.")
        self.chromium.press("Send the answer")
        self.assertIn(SENT, self.statuses())

        self.be(people["mary"])
        self.open("/moderation")
        self.chromium.follow("Decide")
        self.assertIn("I was tired. I am sorry.", self.words())
        self.chromium.fill(reason="Welcome back.")
        self.chromium.press("End the suspension")
        self.assertIn("Nothing waits.", self.words())

        self.be(None)
        self.sign_in_as_rudy()
        self.assertEqual(self.chromium.heading, "Home")
        self.chromium.follow("You have 4 unread")
        self.assertIn("mary, a moderator, ended your suspension. Why: Welcome", self.words())
        db.session.rollback()

    def sign_in_as_rudy(self) -> None:
        self.open("/login")
        self.chromium.fill(username="rudy", password=PASSWORD)
        self.chromium.press("Sign in")
