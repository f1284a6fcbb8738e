"""The site's pages in w3m, a browser that shows nothing but text."""

import subprocess
import unittest

from app.tests.support.every_page import Readers, site_of_every_page
from app.tests.support.every_page.readers import TALK
from app.tests.support.programs.processes import (
    START_SECONDS,
    environment,
    require,
    temporary_folder,
)
from app.tests.support.programs.served_site import ServedSite

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
