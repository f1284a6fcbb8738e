"""A test whose application may fetch from the second provider."""

from urllib.parse import urlsplit

from app.tests.support.base import SITE, Browser, TestCase
from app.tests.support.openid.second_provider import Answer, SecondProvider


class SecondProviderCase(TestCase):
    """A test with a second provider, and a browser that goes there and back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = SecondProvider().start()
        cls.addClassCleanup(cls.provider.stop)
        cls.settings = {**cls.settings, "OPENID_TRUSTED_ORIGINS": cls.provider.origin}

    def setUp(self):
        self.provider.reset()
        super().setUp()

    def begin(self, openid: str | None = None, browser: Browser | None = None, **values) -> Browser:
        """Type an OpenID, the provider's own address by default; the browser ends there."""
        browser = browser or self.browser()
        if browser.path != "/login":
            browser.get("/login")
        form = next(form for form in browser.page.forms if "openid" in form.fields)
        typed = {"openid": self.provider.origin + "/" if openid is None else openid}
        browser.post("/login", {**form.fields, **typed, **values})
        return browser

    def decide(self, browser: Browser) -> Answer:
        """Let the provider answer the request with which `browser` was sent there."""
        if browser.response is None:
            return self.provider.visit(browser.url)
        # A request too long for an address waits on a page of ours that posts it.
        form = next(form for form in browser.page.forms if "openid.mode" in form.fields)
        return self.provider.visit(form.action, form.fields)

    def come_back(self, browser: Browser, answer: Answer) -> Browser:
        if answer.fields:
            self.post_across(browser, answer, self.provider.origin)
        else:
            browser.get(answer.url)
        return browser

    def post_across(self, browser: Browser, answer: Answer, origin: str | None):
        """Post a form of another site's as browsers do: without our cookies.

        Gives that first response, and goes on from there in `browser`, which shows them again.
        """
        parts = urlsplit(answer.url)
        headers = {} if origin is None else {"Origin": origin}
        with self.app.app_context():
            first = self.app.test_client().post(
                parts.path,
                query_string=parts.query,
                data=answer.fields,
                headers=headers,
                base_url=SITE,
            )
        browser.url, browser.response = answer.url, first
        if first.status_code == 303:
            browser.get(first.headers["Location"])
        elif first.status_code == 200:
            browser.submit(button="Continue")
        return first

    def sign_in(self, openid: str | None = None, browser: Browser | None = None, **values):
        """Go all the way: type, be sent there, be sent back."""
        browser = self.begin(openid, browser, **values)
        return self.come_back(browser, self.decide(browser))
