"""A quarrel from its report to its end, in a real browser with scripts off."""

import unittest

from app import db
from app.database import writing
from app.models import User
from app.models.moderation.reports import CHOICES
from app.tests.support.base import PASSWORD
from app.tests.support.programs.journeys import SiteJourneyCase
from app.views.moderation.reports import THANKS
from app.views.moderation.suspension import SENT

DONE = "Done. Everybody can read it in the log."


class QuarrelJourneyTests(SiteJourneyCase, unittest.TestCase):
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
