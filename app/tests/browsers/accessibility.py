"""Every page as people with all kinds of eyes, hands and screens meet it, in Chromium.

Pages are opened with scripts off, which none of them needs, and looked at one after the
other, each once; the tests then ask what was found.
"""

import json
import unittest
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urljoin

from selenium.webdriver.common.keys import Keys

from app.models import User
from app.tests.support.base import PASSWORD
from app.tests.support.every_page import Readers, SitePage, pages, site_of_every_page
from app.tests.support.programs.chromium import NARROW, WIDE, Chromium
from app.tests.support.programs.processes import missing
from app.tests.support.programs.served_site import ServedSite

# Width and scheme, one changed at a time; and width and size of text.
LOOKS = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark"), (NARROW, "light"))
SIZES = ((NARROW, 100), (NARROW, 200), (WIDE, 200))
INSPECTION = (Path(__file__).parent / "inspection.js").read_text()


def axe_source() -> str:
    """Return axe-core's program. Its package is only read, for it drives another browser."""
    spec = find_spec("axe_playwright_python")
    if spec is None:
        missing("This needs axe-core: pip install -r app/tests/requirements.txt")
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text()


def visit(chromium: Chromium, readers: Readers, page: SitePage, program: str = "") -> None:
    """Go to a page, with scripts off until it is there, and put a program into it."""
    chromium.take_cookies(readers.browsers[page.reader])
    chromium.run_scripts(False)
    with readers.changed(page):
        chromium.driver.get(readers.origin + readers.path(page))
        if page.link:
            chromium.follow(page.link)
        if page.is_sent:
            what = ", ".join(map(json.dumps, (page.typed, page.button, page.action)))
            chromium.leave(lambda: chromium.run(f"{INSPECTION} inspection.send({what})"))
    chromium.run_scripts(True)
    chromium.run(program)


class Findings:
    """What there is to say of the page that is open."""

    def __init__(self, chromium: Chromium):
        self.chromium = chromium
        self.status = chromium.status
        # What a page is made of is the same whatever its width and colours.
        self.violations = chromium.evaluate("inspection.rules()")
        for width, scheme in LOOKS:
            chromium.show(width, scheme)
            for violation in chromium.evaluate("inspection.contrast()"):
                self.violations.append(f"{width}, {scheme}: {violation}")
        # In one column, so that what comes next stands below or to the right.
        self.keyboard = self._keyboard()
        self.sizes = {size: self._overflow(*size) for size in SIZES}
        chromium.size_text(100)
        chromium.show(WIDE)
        self.problems = chromium.problems(urljoin(chromium.url, "/"))

    def _keyboard(self) -> dict:
        found = self.chromium.evaluate("inspection.watchFocus()")
        for _ in range(found["count"]):
            self.chromium.tab()
        return {**found, "focused": self.chromium.evaluate("inspection.focused")}

    def _overflow(self, width: int, percent: int) -> dict:
        self.chromium.show(width)
        self.chromium.size_text(percent)
        return self.chromium.evaluate("inspection.overflow()")


class PagesInChromium:
    """Pages of some readers; two classes of them, so that two processes can share the work."""

    slow = True
    is_signed_in: bool

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = axe_source() + INSPECTION
        chromium = Chromium.of_this_process()
        chromium.reset()
        site = ServedSite(cls, site_of_every_page)
        readers = Readers(site.app, site.origin)
        cls.found = []
        for page in pages(site.origin):
            if (page.reader not in {"visitor", "newcomer", "suspended"}) != cls.is_signed_in:
                continue
            visit(chromium, readers, page, program)
            cls.found.append((page, Findings(chromium)))

    def test_each_is_the_page_that_is_meant(self):
        for page, found in self.found:
            with self.subTest(page.name):
                self.assertEqual(found.status, page.status)

    def test_none_violates_a_rule_of_axe_light_or_dark_wide_or_narrow(self):
        for page, found in self.found:
            with self.subTest(page.name):
                self.assertEqual(found.violations, [])

    def test_none_scrolls_sideways_on_a_phone_or_with_text_twice_as_large(self):
        for page, found in self.found:
            for (width, percent), shown in found.sizes.items():
                with self.subTest(page.name, width=width, percent=percent):
                    self.assertEqual(shown["text"], f"{16 * percent // 100}px")
                    self.assertEqual(shown["wide"], [])

    def test_the_keyboard_reaches_all_there_is_to_use_in_reading_order(self):
        for page, found in self.found:
            with self.subTest(page.name):
                focused = found.keyboard["focused"]
                numbers = [element["number"] for element in focused]
                self.assertEqual(numbers, list(range(found.keyboard["count"])))
                self.assertIn("Skip to the text", focused[0]["name"])
                for before, after in zip(focused[1:], focused[2:], strict=False):
                    below = after["top"] >= before["bottom"] - 1
                    beside = after["bottom"] > before["top"] and after["left"] > before["left"]
                    self.assertTrue(below or beside, f"{before} {after}")

    def test_it_can_be_seen_where_the_focus_is(self):
        for page, found in self.found:
            for element in found.keyboard["focused"]:
                with self.subTest(page.name, element=element):
                    self.assertTrue(element["differs"])
                    self.assertGreaterEqual(element["left"], 0)
                    self.assertLessEqual(element["right"], NARROW)
                    self.assertGreaterEqual(element["top"], 0)

    def test_after_a_refusal_the_focus_is_on_what_says_why_and_leads_there(self):
        for page, found in self.found:
            with self.subTest(page.name):
                self.assertTrue(found.keyboard["startsRight"])

    def test_none_makes_the_console_complain_or_asks_anybody_else(self):
        for page, found in self.found:
            with self.subTest(page.name):
                self.assertEqual(found.problems, [])


class VisitorsPagesInChromiumTests(PagesInChromium, unittest.TestCase):
    is_signed_in = False


class MembersPagesInChromiumTests(PagesInChromium, unittest.TestCase):
    is_signed_in = True


class OneWayInTests(unittest.TestCase):
    """What a visitor does without a mouse, and what is left without pictures."""

    slow = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = Chromium.of_this_process()
        cls.site = ServedSite(cls)

    def setUp(self):
        self.chromium.reset()
        self.chromium.driver.get(self.site.origin + "/login")

    def focused(self) -> str:
        """Return the words of what has the focus, or its name."""
        return self.chromium.evaluate(
            "(e => e.name || e.textContent.trim() || e.id)(document.activeElement)"
        )

    def tab_to(self, words: str) -> int:
        """Return how often the key was pressed."""
        passed = []
        while (focused := self.focused()) != words:
            self.assertLess(len(passed), 40, passed)
            passed.append(focused)
            self.chromium.tab()
        return len(passed)

    def type(self, keys: str) -> None:
        self.chromium.driver.switch_to.active_element.send_keys(keys)

    def leave_by(self, key: str) -> None:
        self.chromium.leave(lambda: self.type(key))

    def test_the_skip_link_comes_first_and_leads_past_the_navigation(self):
        self.chromium.tab()
        self.assertEqual(self.focused(), "Skip to the text")
        self.type(Keys.ENTER)
        self.chromium.wait_until(lambda: self.chromium.url.endswith("#main"))
        self.assertEqual(self.chromium.evaluate("document.activeElement.tagName"), "MAIN")
        self.chromium.tab()
        self.assertEqual(self.focused(), "username")

    def test_a_visitor_joins_and_writes_with_nothing_but_the_keyboard(self):
        pressed = self.tab_to("Skip to the text") + 1
        self.type(Keys.ENTER)
        pressed += self.tab_to("Make an account") + 1
        self.leave_by(Keys.ENTER)
        self.assertEqual(self.focused(), "username")
        self.type("keys")
        pressed += self.tab_to("password") + 1
        self.type(PASSWORD)
        self.leave_by(Keys.ENTER)
        self.assertLessEqual(pressed, 12)
        self.chromium.wait_for_heading("Hi, keys!")
        self.tab_to("post")
        self.type("Written by hand")
        self.tab_to("Post")
        self.leave_by(Keys.SPACE)
        # Another test may have written before.
        self.assertEqual(self.chromium.texts("article p.body")[:1], ["Written by hand"])
        self.tab_to("Sign out")
        self.leave_by(Keys.ENTER)
        self.chromium.wait_for_heading("Sign in")

    def test_without_pictures_nothing_is_missing(self):
        with self.site.app.app_context():
            User.sign_up("https://susan.example.com/", "susan", None).write("A post")
        for path in ("/explore", "/user/susan"):
            with self.subTest(path):
                said = []
                for blocked in ([], ["*.svg*"]):
                    self.chromium.command("Network.setBlockedURLs", urls=blocked)
                    self.chromium.command("Network.clearBrowserCache")
                    self.chromium.driver.get(self.site.origin + path)
                    drawn = "[...document.images].map(image => image.naturalWidth > 0)"
                    self.assertEqual(set(self.chromium.evaluate(drawn)), {not blocked})
                    said.append(self.chromium.texts("body"))
                self.assertEqual(*said)
