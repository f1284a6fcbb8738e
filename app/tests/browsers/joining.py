"""Joining in a real browser: asking, and by an invitation, with scripts off and with scripts on."""

import unittest
from unittest import mock

from app.models.joining import admission as joining
from app.queries.joining import applications
from app.tests.support.programs.journeys import JourneyCase
from app.views.joining.applications import ENDED


class JoiningJourneys(JourneyCase):
    def go_abroad(self, name: str) -> None:
        self.open("/login")
        self.chromium.fill(openid=f"{self.provider.origin}/id/{name}-{self.scripts}")
        self.chromium.press("Sign in with OpenID")

    def test_a_newcomer_asks_to_join_and_is_let_in(self):
        self.enterContext(mock.patch.dict(self.site.app.config, JOIN="ask"))
        self.open("/login")
        self.assertIn("A moderator answers.", self.chromium.texts(".flash")[0])
        self.go_abroad("asking")
        self.assert_shown("Ask to join")
        self.chromium.fill(nickname="asking", reason="x" * 141)
        self.chromium.press("Ask to join")
        self.assert_shown("Ask to join", alert="Please use at most 140 characters. This has 141.")
        self.chromium.fill(reason="I like tea.")
        self.chromium.press("Ask to join")
        self.assert_shown("You have asked to join")
        self.chromium.command("Network.clearBrowserCookies")
        self.go_abroad("asking")
        self.assert_shown("You have asked to join")
        [waiting] = applications.waiting()
        self.assertIsNotNone(joining.approve(waiting, self.person("ana"), "Tea is at five."))
        self.go_abroad("asking")
        welcome = "Welcome, asking! ana, a moderator, let you in. They write: Tea is at five."
        self.assert_shown("Hi, asking!", status=welcome)
        self.open("/edit")
        self.chromium.fill(nickname=f"asked-{self.scripts}")
        self.chromium.press("Save changes")

    def test_a_member_invites_a_friend(self):
        self.enterContext(mock.patch.dict(self.site.app.config, JOIN="invite"))
        self.sign_in(self.person("host"))
        self.open("/user/host")
        self.chromium.follow("Invite a friend")
        self.chromium.press("Make an invitation")
        link = self.chromium.texts("code")[0]
        self.chromium.command("Network.clearBrowserCookies")
        self.go_abroad("friend")
        self.assertIn("needs an invitation", self.chromium.texts("[role=alert]")[0])
        self.chromium.driver.get(link)
        self.chromium.wait_for_heading("Sign in")
        self.assertIn("host invites you to join", self.chromium.texts(".flash")[0])
        self.go_abroad("friend")
        self.chromium.wait_until(lambda: "Hi, susan" in self.chromium.heading)
        self.chromium.follow("Profile")
        self.assertIn("Invited by host", self.chromium.texts("main")[0])
        self.chromium.command("Network.clearBrowserCookies")
        self.chromium.driver.get(link)
        self.chromium.wait_for_heading("Sign in")
        self.assertEqual(self.chromium.texts("[role=alert]"), [ENDED])


class JoiningWithoutScriptsTests(JoiningJourneys, unittest.TestCase):
    scripts = False


class JoiningWithScriptsTests(JoiningJourneys, unittest.TestCase):
    scripts = True
