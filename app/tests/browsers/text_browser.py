"""The site's pages in w3m, a browser that shows nothing but text."""

import subprocess
import unittest
from unittest import mock

from app.provider import recovery
from app.tests.support.base import PASSWORD
from app.tests.support.every_page import Readers, site_of_every_page
from app.tests.support.every_page.readers import TALK
from app.tests.support.people.letters import LettersMixin, path_in
from app.tests.support.programs.processes import (
    START_SECONDS,
    environment,
    require,
    temporary_folder,
)
from app.tests.support.programs.served_site import ServedSite
from app.tests.support.programs.w3m import W3m

NEW_PASSWORD = "purple monkey dishwasher"
# What a page says, from top to bottom; and who reads it.
PAGES = {
    ("/login", "visitor"): [
        "microblog",
        "Sign in",
        "Have an account?",
        "Username",
        "Password",
        "Remember me",
        "Sign in",
        "New here?",
        "Make an account",
        "With an OpenID",
        "Your OpenID",
        "A web address that is yours",
        "Sign in with OpenID",
        "Ubuntu One",
        "Your username there",
        "LiveJournal",
    ],
    ("/openid/join", "visitor"): ["Make an account", "Username", "Password", "Make my account"],
    ("/openid/sign-in", "visitor"): ["Sign in with this site", "Username", "Password", "Sign in"],
    ("/", "member"): [
        "Home",
        "Profile",
        "Sign out",
        "Home",
        "Say something",
        "At most 140 characters.",
        "Post",
        "miguel",
        "just now",
        "A third thought",
        "Edit",
        "Delete",
        "Older",
    ],
    ("/user/susan", "member"): [
        "susan",
        "Last seen",
        "2 followers",
        "Unfollow",
        "One line",
        "and another",
        "The first tea of the year",
        "<script>",
        "goodbye",
    ],
    ("/edit", "member"): [
        "Edit your profile",
        "Nickname",
        "About me",
        "Save changes",
        "Look at your profile",
    ],
    ("/settings/account", "member"): [
        "Account and sign-in",
        "Your password",
        "Your e-mail",
        "E-mail address",
        "Your OpenIDs",
        "/id/miguel",
        "Remove",
        "Add",
        "Where you are signed in",
        "(this one)",
        "Sign out everywhere",
        "https://forum.example/",
        "Forget",
    ],
    (f"/post/{TALK + 1}", "quiet"): [
        "quiet wrote",
        "susan",
        "What goes with tea?",
        "1 reply",
        "quiet",
        "in reply to susan",
        "Biscuits",
        "Your reply",
        "At most 140 characters. To quiet.",
        "Reply",
        "susan",
        "in reply to quiet",
        "Which ones?",
        "A post deleted by its author",
        "in reply to another post",
        "No offence taken",
    ],
    ("/openid/forgotten", "visitor"): [
        "Forgot your password?",
        "Your username or e-mail address",
        "You get a letter",
        "Send me a letter",
        "No address confirmed?",
        "Back to signing in",
    ],
    ("/openid/recover?token=recover", "visitor"): [
        "Choose a new password",
        "For the account miguel.",
        "New password",
        "Keep this password",
    ],
    ("/settings/account/email/confirm?token=confirm", "visitor"): [
        "Is this your address?",
        "Letters to miguel would go to",
        "Yes, it is mine",
    ],
    ("/search?q=biscuits", "visitor"): ["Search", "Search", "susan", "last of the biscuits"],
    ("/nowhere", "visitor"): ["File Not Found", "Back to the home page"],
    ("/fail", "visitor"): ["An unexpected error has occurred", "reference:", "Back to the home"],
}


class TextBrowserTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        require("w3m", packages="w3m")
        cls.home = temporary_folder(cls)
        site = ServedSite(cls, site_of_every_page)
        cls.readers = Readers(site.app, site.origin)

    def dump(self, path: str, reader: str) -> str:
        """Return the page as w3m shows it, 60 characters wide."""
        command = ["w3m", "-dump", "-cols", "60", "-I", "UTF-8", "-O", "UTF-8"]
        if cookie := self.readers.browsers[reader].cookie("session"):
            command += ["-header", f"Cookie: session={cookie.value}"]
        shown = subprocess.run(
            [*command, self.readers.origin + path],
            env=environment(self.home),
            capture_output=True,
            check=True,
            timeout=START_SECONDS,
        )
        return shown.stdout.decode()

    def test_a_page_says_everything_in_a_sensible_order(self):
        for (path, reader), expected in PAGES.items():
            with self.subTest(path):
                shown = self.dump(path, reader)
                at = 0
                for words in expected:
                    found = shown.find(words, at)
                    self.assertGreaterEqual(found, 0, f"{words!r} after this:\n{shown[:at]}|\n")
                    at = found + len(words)


class TextJourneyTests(LettersMixin, unittest.TestCase):
    """Ways through the site at w3m's own keys."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        require("w3m", packages="w3m")
        cls.site = ServedSite(cls)

    def setUp(self):
        context = self.site.app.app_context()
        context.push()
        self.addCleanup(context.pop)
        self.app = self.site.app
        self.receive_letters()
        self.enterContext(mock.patch.object(recovery, "DELAY_SECONDS", 0.0))
        self.w3m = W3m(self, self.site.origin + "/login")

    def assert_shown(self, *words: str) -> None:
        for each in words:
            self.assertIn(each, self.w3m.screen)

    def join(self, name: str) -> None:
        self.w3m.press("Make an account")
        self.assert_shown("Viewing <Make an account")
        self.w3m.fill("Username", name)
        self.w3m.fill("Password", PASSWORD)
        self.w3m.press("Make my account")
        self.assert_shown(f"Hi, {name}!", f"Welcome, {name}!")

    def sign_in(self, name: str, password: str) -> None:
        self.w3m.fill("Username", name)
        self.w3m.fill("Password", password)
        self.w3m.press("Sign in")

    def open_letter(self, to: str) -> None:
        self.w3m.go(self.site.origin + path_in(self.text(to), self.site.origin))

    def test_a_newcomer_joins_signs_out_and_signs_in_again(self):
        self.join("texter")
        self.w3m.press("Sign out")
        self.assert_shown("You are signed out.")
        self.sign_in("texter", "not that")
        self.assert_shown("This username and password do not belong together.", "[texter ")
        self.sign_in("texter", PASSWORD)
        self.assert_shown("Hi, texter!")

    def test_a_member_confirms_an_address_and_gets_in_with_a_new_password(self):
        address = "forgetful@example.com"
        self.join("forgetful")
        self.w3m.press("Settings")
        self.w3m.press("Account and sign-in")
        self.w3m.fill("E-mail address", address)
        self.w3m.press("Send the letter")
        self.assert_shown("A letter is on its way.")
        self.open_letter(address)
        self.w3m.press("Yes, it is mine")
        self.assert_shown("Your address is confirmed")
        self.w3m.go(self.site.origin + "/logout")
        self.w3m.press("Sign out")
        self.w3m.press("Forgot your password")
        self.w3m.fill("Your username or e-mail address", "forgetful")
        self.w3m.press("Send me a letter")
        self.assert_shown("Look at your mail")
        self.open_letter(address)
        self.assert_shown("Choose a new password", "For the account forgetful.")
        self.w3m.fill("New password", NEW_PASSWORD)
        self.w3m.press("Keep this password")
        self.assert_shown("Your new password is kept.")
        self.text(address)
        self.sign_in("forgetful", NEW_PASSWORD)
        self.assert_shown("Hi, forgetful!")
