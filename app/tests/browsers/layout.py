"""What fits on a small screen, measured in Chromium."""

import json
import unittest

from app.tests.support.programs.chromium import NARROW
from app.tests.support.programs.journeys import JourneyCase

PHONE, PHONE_HEIGHT = 360, 740


class LayoutTests(JourneyCase, unittest.TestCase):
    scripts = False

    def setUp(self):
        super().setUp()
        self.reader = self.person("layout")
        if not self.reader.following_count:
            self.reader.write("Hello")
            self.reader.follow(self.person("somebody"))
        self.sign_in(self.reader)

    def box(self, selector: str, of: str = "height") -> float:
        return self.measure(selector, f"e.getBoundingClientRect().{of}")

    def measure(self, selector: str, what: str):
        return self.chromium.evaluate(
            f"(e => {what})(document.querySelector({json.dumps(selector)}))"
        )

    def test_posts_begin_in_the_first_third_of_a_phone(self):
        self.chromium.show(PHONE, height=PHONE_HEIGHT)
        self.open("/")
        self.assertEqual(self.chromium.heading, "Home")
        self.assertLessEqual(self.box("article", "top"), PHONE_HEIGHT / 3)
        # Two lines, and more as they are needed.
        before = self.box("#post")
        self.chromium.fill(post="x" * 140)
        self.assertGreater(self.box("#post"), before)

    def test_the_header_is_low_where_there_is_little_room_and_its_menu_opens(self):
        self.chromium.show(NARROW, height=225)
        self.open("/")
        self.assertLessEqual(self.box(".site"), 64)
        self.assertEqual(self.chromium.texts(".site nav a")[1], "")
        self.chromium.driver.find_element("css selector", ".menu").click()
        self.chromium.follow("Explore")
        self.assertEqual(self.chromium.path, "/explore")
        self.chromium.command("Network.clearBrowserCookies")
        self.open("/explore")
        self.assertLessEqual(self.box(".site"), 64)
        self.assertEqual(self.chromium.texts(".site nav a"), ["Explore", "Search", "Sign in"])

    def test_an_edit_box_shows_all_of_a_post_on_a_phone(self):
        post = self.reader.write("wide words " * 12 + "12345678")
        self.chromium.show(PHONE, height=PHONE_HEIGHT)
        self.open(f"/post/{post.id}/edit")
        seen, whole = self.measure("#post", "[e.clientHeight, e.scrollHeight]")
        self.assertEqual(seen, whole)

    def test_only_long_values_have_wide_fields(self):
        self.open("/edit")
        self.assertLess(self.box("#nickname", "width"), self.box("#web_address", "width"))

    def test_what_deletes_looks_like_it(self):
        self.open("/settings/data/leave")
        colour = "getComputedStyle(e).backgroundColor"
        self.assertNotEqual(
            self.measure("button.danger", colour), self.measure("button.other", colour)
        )
        self.assertEqual(self.measure("button.danger", colour), "rgb(161, 28, 43)")
