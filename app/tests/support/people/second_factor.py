"""Members with a second factor, and the app on their phone."""

import re

import pyotp

from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin, TestCase
from app.tests.support.clock import Clock

SETTINGS = "/openid/second-factor"


def codes(browser: Browser) -> list[str]:
    """Return what stands on the page as code: the key, or the recovery codes."""
    return re.findall(r"<code>(.*?)</code>", browser.text)


class Phone:
    """An app that was told a key, and shows codes by the clock of the test."""

    def __init__(self, clock: Clock, key: str):
        self.clock = clock
        self.codes = pyotp.TOTP(key.replace(" ", ""))

    def shows(self, steps: int = 0) -> str:
        """Return the code of now, or of so many half minutes from now."""
        return self.codes.at(self.clock.moment, counter_offset=steps)

    def next(self) -> str:
        """Wait until a new code is there, and give it."""
        self.clock.move(seconds=30)
        return self.shows()


class SecondFactorCase(JoinMixin, TestCase):
    """miguel, at home and with his phone, whose account asks for codes."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.home = self.join("miguel")
        self.phone, self.codes = self.turn_on(self.home)

    def begin_set_up(self, browser: Browser) -> Phone:
        """Go to the page with the key; give a phone that has read it."""
        browser.get(SITE + SETTINGS)
        browser.submit(password=PASSWORD)
        self.assertEqual(browser.path, SETTINGS + "/set-up")
        return Phone(self.clock, codes(browser)[0])

    def turn_on(self, browser: Browser) -> tuple[Phone, list[str]]:
        """Return the phone with the key, and the recovery codes."""
        phone = self.begin_set_up(browser)
        browser.submit(code=phone.shows())
        self.assertEqual(browser.page.heading, "Your recovery codes")
        return phone, codes(browser)

    def half(self, username: str = "miguel", browser: Browser | None = None) -> Browser:
        """Return a browser in which the password was typed and the code is asked for."""
        browser = browser or self.browser()
        browser.get(SITE + "/openid/sign-in")
        browser.submit(username=username, password=PASSWORD)
        self.assertEqual((browser.status, browser.path), (200, "/openid/code"))
        return browser

    def is_in(self, browser: Browser, username: str = "miguel") -> bool:
        """Return whether the browser is signed in to this account at our provider."""
        browser.get(SITE + "/openid")
        return username in browser.page.links and "Change your password" in browser.page.links
