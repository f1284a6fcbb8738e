"""A second factor in a real browser: set up, signed in with, and what is left without the phone."""

import time
import unittest

import pyotp

from app.provider.second_factor.totp import STEP_SECONDS
from app.tests.support.base import PASSWORD
from app.tests.support.programs.journeys import JourneyCase


def this_step() -> int:
    return int(time.time()) // STEP_SECONDS


class SecondFactorJourneys(JourneyCase):
    def sign_in_with_password(self, username: str) -> None:
        self.open("/login")
        self.chromium.fill(username=username, password=PASSWORD)
        self.chromium.press("Sign in")

    def test_a_member_sets_it_up_signs_in_with_it_and_turns_it_off(self):
        username = f"guarded-{self.scripts}"
        self.open("/openid/join")
        self.chromium.fill(username=username, password=PASSWORD)
        self.chromium.press("Make my account")
        self.chromium.follow("A second step at sign-in")
        self.chromium.fill(password=PASSWORD)
        self.chromium.press("Go on")
        self.chromium.wait_for_heading("Set up your app")
        [key] = self.chromium.texts("code")
        # The picture is drawn, and large enough for a camera.
        box = "document.querySelector('svg.qr').getBoundingClientRect()"
        self.chromium.run_scripts(True)
        self.assertGreater(self.chromium.evaluate(f"Math.min({box}.width, {box}.height)"), 200)
        self.chromium.run_scripts(self.scripts)
        self.chromium.fill(code="abc")
        self.chromium.press("Turn it on")
        self.chromium.wait_until(lambda: self.chromium.texts("[role=alert]"))
        phone = pyotp.TOTP(key.replace(" ", ""))
        step = this_step()
        used = phone.generate_otp(step)
        self.chromium.fill(code=used)
        self.chromium.press("Turn it on")
        self.chromium.wait_for_heading("Your recovery codes")
        codes = self.chromium.texts("code")
        self.assertEqual(len(set(codes)), 10)
        self.chromium.command("Network.clearBrowserCookies")
        self.sign_in_with_password(username)
        self.chromium.wait_for_heading("Your code")
        self.chromium.fill(code=used)
        self.chromium.press("Sign in")
        self.chromium.wait_until(lambda: self.chromium.texts("[role=alert]"))
        # The next one, which a clock that is a little ahead shows already.
        self.chromium.fill(code=phone.generate_otp(max(step + 1, this_step())))
        self.chromium.press("Sign in")
        self.assert_shown(f"Hi, {username}!", f"Welcome, {username}!")
        self.open("/openid/second-factor")
        self.chromium.fill(password=PASSWORD, code=codes[0])
        self.chromium.press("Turn it off")
        self.assert_shown("OpenID at this site", "From now on your password alone signs you in.")


class SecondFactorWithoutScriptsTests(SecondFactorJourneys, unittest.TestCase):
    scripts = False


class SecondFactorWithScriptsTests(SecondFactorJourneys, unittest.TestCase):
    scripts = True
