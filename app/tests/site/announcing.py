"""flask announce: one line for everybody, until it is dismissed or withdrawn."""

from pathlib import Path

from app.tests.support.base import PeopleTestCase
from app.tests.support.reading import selects

WORDS = "Closed on <Sunday> for repairs"


class AnnouncementTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(Path(self.app.config["ANNOUNCEMENT_FILE"]).unlink, missing_ok=True)

    def announce(self, *arguments: str) -> str:
        result = self.run_command("announce", *arguments)
        self.assertEqual(result.exit_code, 0, result.output)
        return result.output

    def sees(self, browser, path: str = "/explore") -> bool:
        browser.get(path)
        return WORDS in browser.page.words

    def test_everybody_sees_it_until_it_is_withdrawn(self):
        self.assertEqual(self.announce(), "Nothing is announced.\n")
        self.assertEqual(self.announce(WORDS), f"Announced on every page: {WORDS}\n")
        member, visitor = self.browser(self.susan), self.browser()
        for path in ("/", "/login", "/explore", "/user/john", "/nowhere", "/openid", "/about"):
            for browser in (member, visitor):
                with self.subTest(path):
                    self.assertTrue(self.sees(browser, path))
        self.assertIn("&lt;Sunday&gt;", visitor.text)
        self.announce("--withdraw")
        self.assertFalse(self.sees(member) or self.sees(visitor))
        self.announce("--withdraw")

    def test_a_member_dismisses_it_at_once_and_stays_on_the_page(self):
        self.announce(WORDS)
        browser, other = self.browser(self.susan), self.browser(self.susan)
        self.assertTrue(self.sees(browser, "/search?q=tea"))
        browser.submit(button="Dismiss")
        self.assertEqual(browser.url.partition("5000")[2], "/search?q=tea")
        self.assertFalse(self.sees(browser))
        self.assertTrue(self.sees(other))
        browser.submit(button="Sign out")
        self.assertFalse(self.sees(browser))

    def test_a_visitor_dismisses_it_with_a_page_between_and_readers_get_no_session(self):
        self.announce(WORDS)
        browser = self.browser()
        self.assertTrue(self.sees(browser, "/explore"))
        self.assertIn("public", browser.response.headers["Cache-Control"])
        self.assertIsNone(browser.cookie("session"))
        browser.get(browser.page.links["Dismiss"])
        self.assertEqual(browser.page.words.count(WORDS), 1)
        browser.submit(button="Do not show it again")
        self.assertEqual(browser.path, "/explore")
        self.assertFalse(self.sees(browser))

    def test_another_one_is_shown_again_even_of_the_same_words(self):
        self.announce(WORDS)
        browser = self.browser(self.susan)
        self.sees(browser)
        browser.submit(button="Dismiss")
        self.announce("Something else")
        browser.get("/explore")
        self.assertIn("Something else", browser.page.words)
        self.announce("--withdraw")
        self.announce(WORDS)
        self.assertTrue(self.sees(browser))

    def test_it_leads_nowhere_else_and_needs_a_token(self):
        self.announce(WORDS)
        browser = self.browser()
        browser.get("/announcement?next=//evil.example")
        self.assertEqual(browser.page.links["Back"], "/")
        browser.post("/announcement", {"next": "/about"})
        self.assertEqual(browser.status, 400)
        self.assertTrue(self.sees(browser))

    def test_a_page_asks_the_database_no_more_for_it(self):
        browser = self.browser(self.susan)
        browser.get("/")
        before = selects(lambda: browser.get("/"))
        self.announce(WORDS)
        self.assertEqual(selects(lambda: browser.get("/")), before)
        self.assertLessEqual(before, 3)

    def test_what_is_no_line_is_refused_and_the_one_before_stays(self):
        self.announce(WORDS)
        for text in ("", "  ", "x" * 201, "two\nlines", "\u202eback"):
            with self.subTest(text[:10]):
                result = self.run_command("announce", text)
                self.assertNotEqual(result.exit_code, 0)
        self.assertTrue(self.sees(self.browser()))

    def test_what_is_left_in_the_file_by_somebody_else_breaks_no_page(self):
        path = Path(self.app.config["ANNOUNCEMENT_FILE"])
        path.write_bytes(b"\xff\xfe")
        browser = self.browser()
        browser.get("/explore")
        self.assertEqual(browser.status, 200)
