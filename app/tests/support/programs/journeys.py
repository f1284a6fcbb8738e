"""Ways through the site in Chromium: on a site of its own, and with a second provider beside it."""

from app.models import User
from app.tests.support.base import Browser
from app.tests.support.failures import add_failing_pages
from app.tests.support.openid.second_provider import Reply, SecondProvider
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.served_site import ServedSite


class SiteJourneyCase:
    """With scripts off, unless `scripts` says otherwise."""

    slow = True
    scripts = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = Chromium.of_this_process()
        cls.site = ServedSite(cls, host="localhost", **cls.settings())

    @classmethod
    def settings(cls) -> dict[str, str]:
        """Return what is set for this site."""
        return {}

    def setUp(self):
        self.chromium.reset()
        self.chromium.run_scripts(self.scripts)
        context = self.site.app.app_context()
        context.push()
        self.addCleanup(context.pop)

    def tearDown(self):
        self.assertEqual(self.chromium.problems(*self.own_addresses()), [])

    def own_addresses(self) -> tuple[str, ...]:
        """Return how addresses begin that may be asked for something."""
        return (self.site.origin + "/",)

    def open(self, path: str) -> None:
        self.chromium.driver.get(self.site.origin + path)

    def be(self, user: User | None) -> None:
        """Let the browser be this user's from now on, or a visitor's."""
        browser = Browser(self.site.app, self.site.origin)
        browser.get("/explore")
        if user is not None:
            browser.sign_in(user)
        self.chromium.take_cookies(browser)


class JourneyCase(SiteJourneyCase):
    """Beside a second provider, and with pages that fail."""

    @classmethod
    def setUpClass(cls):
        cls.provider = SecondProvider().start()
        cls.addClassCleanup(cls.provider.stop)
        super().setUpClass()
        add_failing_pages(cls.site.app)

    @classmethod
    def settings(cls) -> dict[str, str]:
        return {"OPENID_TRUSTED_ORIGINS": cls.provider.origin}

    def setUp(self):
        self.provider.reset()
        # A browser asks for one, and says so when there is none.
        self.provider.pages["/favicon.ico"] = Reply("")
        super().setUp()

    def own_addresses(self) -> tuple[str, ...]:
        return (*super().own_addresses(), self.provider.origin + "/")

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
