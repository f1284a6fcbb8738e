"""The door's one form in a real browser: which way it goes, and whom it remembers."""

import unittest

from selenium.webdriver.common.keys import Keys

from app.tests.support.base import PASSWORD, Browser
from app.tests.support.programs.journeys import JourneyCase
from app.views.site.door import NEEDS_PASSWORD

WRONG = "This username and password do not belong together."


class DoorJourneys(JourneyCase):
    def setUp(self):
        super().setUp()
        self.name = f"keeper-{self.scripts}"
        self.openid = f"{self.provider.origin}/id/{self.name}"
        # A test may have made it before in the same database.
        Browser(self.site.app, self.site.origin).join_provider(self.name)
        self.open("/login")

    def enter(self, field: str) -> None:
        """Press Enter in a field."""
        self.chromium.leave(lambda: self.chromium.field(field).send_keys(Keys.ENTER))

    def tick(self) -> None:
        self.chromium.field("remember_me").click()

    def is_ticked(self) -> bool:
        return self.chromium.field("remember_me").is_selected()

    def is_in_when_opened_again(self) -> bool:
        """Close the browser, as it were, and return whether one is signed in afterwards."""
        self.chromium.command("Network.deleteCookies", name="session", url=self.site.origin)
        self.open("/")
        return self.chromium.heading.startswith("Hi, ")

    def wait_to_be_in(self) -> None:
        self.chromium.wait_until(lambda: "Hi, " in "".join(self.chromium.texts("h1")))

    def test_a_wrong_password_and_then_the_right_one(self):
        self.tick()
        self.chromium.fill(username=self.name, password="not that")
        self.enter("password")
        self.assert_shown("Sign in", alert=WRONG)
        self.assertEqual(self.chromium.field("username").get_attribute("value"), self.name)
        password = self.chromium.field("password")
        self.assertEqual(password, self.chromium.driver.switch_to.active_element)
        self.assertEqual(password.get_attribute("value"), "")
        self.assertTrue(self.is_ticked())
        self.chromium.fill(password=PASSWORD)
        self.enter("password")
        self.wait_to_be_in()
        self.assertTrue(self.is_in_when_opened_again())

    def test_a_username_typed_for_an_openid_leads_to_the_account(self):
        self.chromium.fill(openid=self.name)
        self.enter("openid")
        self.assert_shown("Sign in", status=NEEDS_PASSWORD)
        self.assertEqual(self.chromium.field("username").get_attribute("value"), self.name)
        self.assertEqual(self.chromium.field("openid").get_attribute("value"), "")
        password = self.chromium.driver.switch_to.active_element
        self.assertEqual(password.get_attribute("name"), "password")
        self.chromium.fill(password=PASSWORD)
        self.chromium.press("Sign in")
        self.wait_to_be_in()
        self.assertFalse(self.is_in_when_opened_again())

    def test_an_openid_goes_before_an_account_that_was_filled_in(self):
        # As a password manager does.
        self.chromium.fill(username=self.name, password="not that", openid="127.0.0.1:1/x")
        self.tick()
        self.enter("openid")
        self.chromium.wait_until(lambda: self.chromium.texts("[role=alert]"))
        openid = self.chromium.driver.switch_to.active_element
        self.assertEqual(openid.get_attribute("value"), "127.0.0.1:1/x")
        self.assertTrue(self.is_ticked())
        self.chromium.fill(openid=self.openid)
        self.enter("openid")
        self.wait_to_be_in()
        self.assertTrue(self.is_in_when_opened_again())

    def test_an_openid_is_forgotten_with_the_session_unless_the_box_is_ticked(self):
        self.chromium.fill(openid=self.openid)
        self.chromium.press("Sign in with OpenID")
        self.wait_to_be_in()
        self.assertFalse(self.is_in_when_opened_again())


class DoorWithoutScriptsTests(DoorJourneys, unittest.TestCase):
    scripts = False


class DoorWithScriptsTests(DoorJourneys, unittest.TestCase):
    scripts = True
