"""Moving from one site to another, in a real browser with scripts off."""

import tempfile
import unittest
from pathlib import Path

from app.tests.support.base import PASSWORD
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.served_site import ServedSite


class MovingJourneyTests(unittest.TestCase):
    slow = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = Chromium.of_this_process()
        # By two names, for a browser tells cookies of one name from no other's by their ports.
        cls.old, cls.new = ServedSite(cls, host="localhost"), ServedSite(cls)
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def setUp(self):
        self.chromium.reset()
        self.chromium.run_scripts(False)
        self.download("allow", downloadPath=str(self.folder))
        self.addCleanup(self.download, "default")

    def download(self, behavior: str, **how) -> None:
        self.chromium.command("Browser.setDownloadBehavior", behavior=behavior, **how)

    def join(self, site: ServedSite, username: str) -> None:
        self.chromium.driver.get(site.origin + "/login")
        self.chromium.follow("Make an account")
        self.chromium.fill(username=username, password=PASSWORD)
        self.chromium.press("Make my account")
        self.assertEqual(self.chromium.heading, f"Hi, {username}!")

    def statuses(self) -> list[str]:
        return self.chromium.texts("[role=status]")

    def posts(self) -> list[str]:
        return self.chromium.texts("article p.body")

    def test_take_the_posts_leave_and_bring_them_in_on_another_site(self):
        self.join(self.old, "rudy")
        for text in ("My first #tea", "My second"):
            self.chromium.fill(post=text)
            self.chromium.press("Post")
        self.chromium.open("/settings/data")
        button = "//button[.='Make the file']"
        self.chromium.driver.find_element("xpath", button).click()
        self.chromium.wait_until(lambda: list(self.folder.glob("*.zip")))
        [file] = self.folder.glob("*.zip")
        self.chromium.follow("Leave this site")
        self.chromium.fill(nickname="rudy")
        self.chromium.press("Delete me, all that I wrote and my account")
        self.assertIn("Farewell!", self.statuses()[0])
        self.chromium.driver.get(self.old.origin + "/explore")
        self.assertEqual(self.posts(), [])

        self.join(self.new, "rudolf")
        self.chromium.fill(post="I am here now")
        self.chromium.press("Post")
        for told in (
            "You brought 2 posts along.",
            "You brought 0 posts along. The other 2 were here already.",
        ):
            self.chromium.open("/settings/data")
            self.chromium.field("archive").send_keys(str(file))
            self.chromium.press("Bring them along")
            self.assertEqual(self.statuses(), [told])
        self.assertEqual(self.posts(), ["I am here now", "My second", "My first #tea"])
        self.assertEqual(self.chromium.texts("main")[0].count("brought along"), 2)
        self.chromium.follow("#tea")
        self.assertEqual(self.posts(), ["My first #tea"])
        origins = self.old.origin + "/", self.new.origin + "/"
        self.assertEqual(self.chromium.problems(*origins), [])
