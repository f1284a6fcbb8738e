"""A sign-in from a browser that is new is told of, once."""

from app.models import User
from app.rendering.notifications import SIGN_IN
from app.tests.support.base import PASSWORD, Browser, JoinMixin
from app.tests.support.people.notifications import NotificationCase

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class NewBrowserTests(JoinMixin, NotificationCase):
    def sign_in(self, browser: Browser) -> None:
        browser.get("/login")
        browser.ask_own_provider()
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_only_the_first_in_a_browser_that_is_not_the_newcomers_is_told_of(self):
        first = self.join("miguel")
        miguel = User.find("miguel")
        self.assertEqual(self.heard(miguel), [])
        first.submit(button="Sign out")
        self.sign_in(first)
        self.assertEqual(self.heard(miguel), [])
        second = self.browser()
        second.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
        second.client.set_cookie("been-here", "x~" * 9 + "\u00e9", domain="127.0.0.1")
        self.sign_in(second)
        told = [SIGN_IN.format("Firefox on Linux")]
        self.assertEqual(self.heard(miguel), told)
        second.submit(button="Sign out")
        self.sign_in(second)
        self.assertEqual(self.heard(miguel), told)

    def test_the_mark_of_another_is_none(self):
        first = self.join("miguel")
        mark = first.client.get_cookie("been-here", domain="127.0.0.1").value
        self.assertTrue(first.client.get_cookie("been-here", domain="127.0.0.1").http_only)
        other = self.join("ada")
        other.submit(button="Sign out")
        second = self.browser()
        second.client.set_cookie("been-here", mark, domain="127.0.0.1")
        second.get("/login")
        second.ask_own_provider()
        second.submit(username="ada", password=PASSWORD)
        self.assertEqual(len(self.heard(User.find("ada"))), 1)
