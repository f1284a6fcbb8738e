"""What the keeper says to everybody, and the pages of settings, in a real browser."""

import unittest

from app.models import User
from app.tests.support.base import folder
from app.tests.support.programs.journeys import SiteJourneyCase
from config import VERSION

WORDS = "Closed on <Sunday>"
ABOUT = "Tea, and those who like it.\n\nRules\nBe kind. See https://example.com/kind\n"
# By their names in the menu of settings.
HEADINGS = {
    "Profile": "Edit your profile",
    "Account and sign-in": "Account and sign-in",
    "Data and leaving": "Data and leaving",
    "Notifications": "How you hear of things",
    "Blocked": "People you block",
}


class KeeperJourneys(SiteJourneyCase):
    @classmethod
    def settings(cls) -> dict[str, str]:
        path = folder() / "journeys-about"
        path.write_text(ABOUT)
        return {
            "SITE_NAME": "Teapot",
            "SITE_ABOUT": "We write about tea.",
            "ABOUT_FILE": str(path),
            "ANNOUNCEMENT_FILE": str(folder() / "journeys-announcement"),
        }

    def person(self, nickname: str) -> User:
        # A test may have run before in the same database.
        return User.find(nickname) or User.sign_up(
            f"https://{nickname}.example.com/", nickname, None
        )

    def announce(self, text: str) -> None:
        result = self.site.app.test_cli_runner().invoke(args=["announce", text])
        self.assertEqual(result.exit_code, 0, result.output)

    def announced(self, path: str) -> list[str]:
        self.open(path)
        return self.chromium.texts(".announcement p")

    def test_what_is_announced_is_shown_dismissed_and_withdrawn(self):
        self.announce(WORDS)
        self.be(self.person("susan"))
        self.assertEqual(self.announced("/search?q=tea"), [WORDS])
        self.chromium.press("Dismiss")
        self.assertTrue(self.chromium.url.endswith("/search?q=tea"))
        self.assertEqual(self.chromium.texts(".announcement"), [])
        self.assertEqual(self.announced("/"), [])

        self.chromium.command("Network.clearBrowserCookies")
        self.assertEqual(self.announced("/about"), [WORDS])
        self.chromium.follow("Dismiss")
        self.chromium.wait_for_heading("Announcement")
        self.chromium.press("Do not show it again")
        self.chromium.wait_for_heading("About Teapot")
        self.assertEqual(self.chromium.texts(".announcement"), [])

        self.announce("Open again")
        self.assertEqual(self.announced("/login"), ["Open again"])
        self.announce("--withdraw")
        self.assertEqual(self.announced("/login"), [])

    def test_the_footer_leads_to_what_the_keeper_wrote(self):
        self.open("/login")
        self.assertEqual(self.chromium.texts(".place"), ["We write about tea."])
        self.assertIn(f"microblog {VERSION}", self.chromium.texts("footer")[0])
        self.chromium.follow("About")
        self.chromium.wait_for_heading("About Teapot")
        self.assertEqual(self.chromium.texts("main h2"), ["Rules"])
        self.assertIn("Be kind.", self.chromium.texts("main")[0])
        self.assertEqual(self.chromium.texts("main a"), ["https://example.com/kind"])

    def test_the_menu_of_settings_leads_to_each_page_and_marks_it(self):
        self.be(self.person("quentin"))
        self.open("/")
        self.chromium.follow("Settings")
        for name, heading in HEADINGS.items():
            with self.subTest(name):
                if name != "Profile":
                    link = f"//main/nav/a[normalize-space()='{name}']"
                    self.chromium.leave(self.chromium.driver.find_element("xpath", link).click)
                self.chromium.wait_for_heading(heading)
                self.assertEqual(self.chromium.texts("main nav [aria-current=page]"), [name])
                self.assertEqual(self.chromium.texts("main nav a"), list(HEADINGS))


class KeeperWithoutScriptsTests(KeeperJourneys, unittest.TestCase):
    scripts = False


class KeeperWithScriptsTests(KeeperJourneys, unittest.TestCase):
    scripts = True
