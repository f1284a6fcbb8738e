"""What the site says of itself to people, crawlers and programs."""

from datetime import UTC, datetime, timedelta

from app.tests.support.base import PeopleTestCase, folder
from app.views.site.about import AI_CRAWLERS, MAX_ABOUT
from config import VERSION, SettingError

TEXT = """A place for tea.
More at https://example.com/tea?a=1&b=<b>.

RULES
1. Be kind. javascript:alert(1)
<script>alert(2)</script>

Imprint:
Ana, ana@example.com
About tea there is much to say
"""


class AboutTests(PeopleTestCase):
    def site(self, text: str = "", **settings):
        path = folder() / "about.txt"
        path.write_text(text)
        return self.make_app(ABOUT_FILE=str(path), **settings)

    def test_the_keepers_text_has_headings_and_links_and_nothing_else(self):
        self.app = self.site(TEXT, SITE_NAME="Tea", SITE_ABOUT="We write about tea.")
        browser = self.browser()
        browser.get("/about")
        self.assertEqual((browser.status, browser.page.heading), (200, "About Tea"))
        self.assertIn("We write about tea.", browser.page.words)
        for part in (
            '<h2 id="rules">Rules</h2>',
            '<h2 id="imprint">Imprint</h2>',
            '<a href="https://example.com/tea?a=1&amp;b=&lt;b&gt;" rel="nofollow noopener">',
            '<a href="mailto:ana@example.com">ana@example.com</a>',
            "&lt;script&gt;alert(2)&lt;/script&gt;",
            "ana@example.com</a>\nAbout tea there is much to say</p>",
        ):
            self.assertIn(part, browser.text)
        self.assertNotIn('href="javascript', browser.text)
        self.assertNotIn("<script", browser.text)

    def test_there_is_a_page_without_one_and_for_visitors_of_a_site_for_members_too(self):
        self.app = self.make_app(PUBLIC="off")
        browser = self.browser()
        browser.get("/about")
        self.assertEqual(browser.page.heading, "About microblog")

    def test_too_long_a_text_or_one_that_is_none_stops_the_start(self):
        for text in (b"x" * (MAX_ABOUT + 1), b"\xff\xfe"):
            path = folder() / f"about-{len(text)}.txt"
            path.write_bytes(text)
            with self.assertRaises(SettingError) as caught:
                self.make_app(ABOUT_FILE=str(path))
            self.assertRegex(str(caught.exception), r"\AABOUT_FILE [^\n]+\.\Z")

    def test_each_page_leads_there_and_to_the_feed_and_names_the_version(self):
        browser = self.browser()
        for path in ("/login", "/explore", "/openid", "/nowhere", "/about"):
            with self.subTest(path):
                browser.get(path)
                self.assertEqual(browser.page.links["About"], "/about")
                self.assertEqual(browser.page.links["Feed"], "/explore.atom")
                self.assertIn(f"microblog {VERSION}", browser.page.words)


class WellKnownTests(PeopleTestCase):
    def lines(self, path: str, status: int = 200) -> list[str]:
        response = self.browser().get(path)
        self.assertEqual((response.status_code, response.mimetype), (status, "text/plain"))
        self.assertNotIn("Set-Cookie", response.headers)
        return response.text.splitlines()

    def test_crawlers_may_read_but_not_search_and_those_for_models_only_where_they_may(self):
        lines = self.lines("/robots.txt")
        self.assertEqual(lines[:3], ["User-agent: *", "Disallow: /search", "Disallow: /login"])
        self.assertEqual(lines[4:], [*(f"User-agent: {n}" for n in AI_CRAWLERS), "Disallow: /"])
        self.app = self.make_app(AI_CRAWLERS="on")
        self.assertEqual(self.lines("/robots.txt"), lines[:3])
        self.app = self.make_app(PUBLIC="off", AI_CRAWLERS="on")
        self.assertEqual(self.lines("/robots.txt"), ["User-agent: *", "Disallow: /"])

    def test_who_finds_a_hole_is_told_whom_to_ask_if_the_keeper_says_so(self):
        self.assertEqual(self.browser().get("/.well-known/security.txt").status_code, 404)
        for contact, written in (
            ("me@example.com", "mailto:me@example.com"),
            ("https://example.com/safety", "https://example.com/safety"),
        ):
            self.app = self.make_app(CONTACT=contact, SITE_URL="https://tea.example.com")
            response = self.app.test_client().get(
                "/.well-known/security.txt", base_url="https://tea.example.com"
            )
            fields = dict(line.split(": ", 1) for line in response.text.splitlines())
            self.assertEqual(fields["Contact"], written)
            canonical = "https://tea.example.com/.well-known/security.txt"
            self.assertEqual(fields["Canonical"], canonical)
            left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
            self.assertTrue(timedelta(days=30) < left < timedelta(days=365), left)

    def test_password_managers_find_where_a_password_is_changed(self):
        for provider, path in (("open", "/openid/password"), ("off", "/edit")):
            self.app = self.make_app(PROVIDER=provider)
            response = self.browser().get("/.well-known/change-password", follow=False)
            self.assertEqual((response.status_code, response.location), (302, path))
