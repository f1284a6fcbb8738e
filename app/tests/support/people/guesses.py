"""One who knows an account's name and guesses its password."""

from app.extensions import limiter
from app.tests.support.base import Browser, JoinMixin, TestCase
from app.tests.support.clock import Clock


class GuessCase(JoinMixin, TestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        limiter.reset()
        self.miguel = self.join("miguel")

    def at(self, address: str) -> Browser:
        browser = self.browser()
        browser.client.environ_base["REMOTE_ADDR"] = address
        return browser

    def guess(self, browser: Browser, password="a guess", username="miguel") -> int:
        """Return the status of the answer; 200 stands for a sign-in."""
        browser.get("/openid/sign-in")
        browser.submit(username=username, password=password)
        return browser.status

    def waits(self, browser: Browser) -> int:
        """Return the seconds after which the page says to come back."""
        self.assertEqual((browser.status, browser.page.heading), (429, "Not so fast"))
        self.assertIn("The password was wrong too often. Please try again in", browser.page.words)
        return int(browser.response.headers["Retry-After"])

    def guess_on(self, browser: Browser, times: int, username="miguel") -> None:
        """Guess wrong so many times, as soon as it is possible each time."""
        while times:
            if self.guess(browser, username=username) == 429:
                self.clock.move(seconds=int(browser.response.headers["Retry-After"]))
            else:
                times -= 1


NEW_PASSWORD = "staple battery horse"
