"""A way through the site in Chromium, with a second provider and with pages that fail."""

from app.models import User
from app.tests.support.base import Browser
from app.tests.support.failures import add_failing_pages
from app.tests.support.openid.second_provider import Reply, SecondProvider
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.served_site import ServedSite


class JourneyCase:
    slow = True
    scripts: bool

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = Chromium.of_this_process()
        cls.provider = SecondProvider().start()
        cls.addClassCleanup(cls.provider.stop)
        cls.site = ServedSite(cls, host="localhost", OPENID_TRUSTED_ORIGINS=cls.provider.origin)
        add_failing_pages(cls.site.app)

    def setUp(self):
        self.provider.reset()
        # A browser asks for one, and says so when there is none.
        self.provider.pages["/favicon.ico"] = Reply("")
        self.chromium.reset()
        self.chromium.run_scripts(self.scripts)
        context = self.site.app.app_context()
        context.push()
        self.addCleanup(context.pop)

    def tearDown(self):
        own = (self.site.origin + "/", self.provider.origin + "/")
        self.assertEqual(self.chromium.problems(*own), [])

    def open(self, path: str) -> None:
        self.chromium.driver.get(self.site.origin + path)

    def person(self, nickname: str) -> User:
        # A test may have run before in the same database.
        return User.sign_up(f"https://{nickname}.example.com/", nickname, None)

    def sign_in(self, user: User) -> None:
        """Let the browser be signed in already."""
        browser = Browser(self.site.app, self.site.origin)
        browser.sign_in(user)
        self.chromium.take_cookies(browser)

    def assert_shown(self, heading: str, status: str | None = None, alert: str | None = None):
        self.chromium.wait_for_heading(heading)
        self.assertEqual(self.chromium.texts("[role=status]"), [status] if status else [])
        self.assertEqual(self.chromium.texts("[role=alert]"), [alert] if alert else [])

    def posts(self) -> list[str]:
        return self.chromium.texts("article p.body")
