"""An address that is confirmed, and a password that is forgotten, in a real browser."""

import unittest
from unittest import mock

from app.provider import recovery
from app.tests.support.base import PASSWORD
from app.tests.support.people.letters import LettersMixin, path_in
from app.tests.support.programs.journeys import JourneyCase

NEW_PASSWORD = "purple monkey dishwasher"


class RecoveryJourneys(LettersMixin, JourneyCase):
    def setUp(self):
        super().setUp()
        self.app = self.site.app
        self.receive_letters()
        self.enterContext(mock.patch.object(recovery, "DELAY_SECONDS", 0.0))

    def open_letter(self, to: str) -> None:
        """Open the link of a letter in a browser that was never here."""
        self.chromium.command("Network.clearBrowserCookies")
        self.open(path_in(self.text(to), self.site.origin))

    def fill_in_the_door(self, name: str, password: str) -> None:
        self.open("/login")
        self.chromium.fill(username=name, password=password)
        self.chromium.press("Sign in")

    def test_a_member_confirms_an_address_and_gets_in_again(self):
        name = f"forgetful-{'on' if self.scripts else 'off'}"
        address = f"{name}@example.com"
        self.open("/openid/join")
        self.chromium.fill(username=name, password=PASSWORD)
        self.chromium.press("Make my account")
        self.chromium.wait_until(lambda: "Make" not in self.chromium.heading)
        self.fill_in_the_door(name, PASSWORD)
        self.assert_shown(f"Hi, {name}!", status=f"Welcome, {name}!")
        self.chromium.follow("Settings")
        self.assert_shown("Edit your profile")
        self.chromium.follow("Account and sign-in")
        self.assert_shown("Account and sign-in")
        self.chromium.fill(email="nobody")
        self.chromium.press("Send the letter")
        problem = "Please type an address such as you@example.com."
        self.assert_shown("Account and sign-in", alert=problem)
        self.chromium.fill(email=address)
        self.chromium.press("Send the letter")
        sent = "A letter is on its way. Please open its link within an hour."
        self.assert_shown("Account and sign-in", status=sent)
        self.open_letter(address)
        self.assert_shown("Is this your address?")
        self.chromium.press("Yes, it is mine")
        self.assert_shown("Your address is confirmed")

        self.open("/login")
        self.chromium.follow("Forgot your password?")
        self.assert_shown("Forgot your password?")
        self.chromium.fill(account=name)
        self.chromium.press("Send me a letter")
        self.assert_shown("Look at your mail")
        self.open_letter(address)
        self.assert_shown("Choose a new password")
        self.chromium.fill(password="password")
        self.chromium.press("Keep this password")
        self.chromium.wait_until(lambda: self.chromium.texts("[role=alert]"))
        self.chromium.fill(password=NEW_PASSWORD)
        self.chromium.press("Keep this password")
        self.assert_shown("Sign in", status="Your new password is kept. Please sign in with it.")
        self.assertIn("was changed", self.text(address))
        self.fill_in_the_door(name, NEW_PASSWORD)
        self.assert_shown(f"Hi, {name}!")


class WithScriptsTests(RecoveryJourneys, unittest.TestCase):
    scripts = True


class WithoutScriptsTests(RecoveryJourneys, unittest.TestCase):
    scripts = False
