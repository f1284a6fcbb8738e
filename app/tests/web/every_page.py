"""What holds for every page: who may see it, its headers, its words when something is wrong."""

import unittest
from html.parser import HTMLParser

import html5lib

from app import db
from app.models.posts.post import Post
from app.openid.xrds import wants_xrds
from app.tests.support.base import SITE, Browser, PeopleTestCase, TestCase
from app.tests.support.every_page import Readers, pages, site_of_every_page
from app.tests.support.openid.relying_party import REALM
from app.tests.support.programs.processes import fresh_database


class SignedOutTests(PeopleTestCase):
    def test_pages_for_members_ask_to_sign_in_and_come_back(self):
        for path in ("/edit", "/post/1/edit", "/?older=3"):
            with self.subTest(path):
                browser = self.browser()
                browser.get(path)
                self.assertEqual(browser.path, "/login")
                self.assertEqual(browser.page.forms[0].fields["next"], path)

    def test_the_home_page_leads_to_the_sign_in_page_without_a_fuss(self):
        for path in ("/", "/index"):
            with self.subTest(path):
                browser = self.browser()
                browser.get(path)
                self.assertEqual(browser.url, SITE + "/login")
                self.assertEqual(browser.page.statuses + browser.page.alerts, [])

    def test_public_pages_open(self):
        for path, status in {
            "/login": 200,
            "/logout": 200,
            "/explore": 200,
            "/explore.atom": 200,
            "/search?q=tea": 200,
            "/search/people?q=tea": 200,
            "/tag/tea": 200,
            "/user/john": 200,
            "/user/john/followers": 200,
            "/openid": 200,
            "/openid/sign-in": 200,
            "/openid/join": 200,
            "/nowhere": 404,
            "/id/nobody": 404,
            "/login/nickname": 200,
        }.items():
            with self.subTest(path):
                browser = self.browser()
                browser.get(path)
                self.assertEqual(browser.status, status)


class EveryPageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        app = site_of_every_page(fresh_database(cls))
        readers = Readers(app)
        with app.app_context():
            cls.addClassCleanup(db.engine.dispose)
        cls.visits = [(page, readers.visit(page)) for page in pages()]

    def pages(self):
        """Yield the name of every page with a browser on it."""
        for page, browser in self.visits:
            yield page.name, browser

    def test_each_is_there(self):
        for page, browser in self.visits:
            with self.subTest(page.name):
                self.assertEqual(browser.status, page.status)

    def test_each_is_well_formed_with_one_heading_and_a_main(self):
        for name, browser in self.pages():
            with self.subTest(name):
                parser = html5lib.HTMLParser(strict=True)
                parser.parse(browser.text)
                self.assertEqual(len(browser.page.headings), 1)
                self.assertEqual(browser.text.count("<main"), 1)
                self.assertRegex(browser.text, "<title>[^<]+ · microblog</title>")

    def test_at_most_one_place_takes_the_focus(self):
        for name, browser in self.pages():
            with self.subTest(name):
                self.assertLessEqual(browser.text.count(" autofocus"), 1)

    def test_each_forbids_what_could_be_used_against_its_reader(self):
        for name, browser in self.pages():
            with self.subTest(name):
                headers = browser.response.headers
                policy = headers["Content-Security-Policy"]
                for part in (
                    "default-src 'none'",
                    "script-src 'self'",
                    "style-src 'self'",
                    "frame-ancestors 'none'",
                    "base-uri 'none'",
                    "object-src 'none'",
                ):
                    self.assertIn(part, policy)
                self.assertNotIn("unsafe", policy)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                # An address with a token is not even this site's business.
                kept = "strict-origin" if "?token=" in browser.url else "same-origin"
                self.assertEqual(headers["Referrer-Policy"], kept)
                self.assertEqual(headers["Cache-Control"], "no-store")
                self.assertEqual(_inline_code(browser.text), [])

    def test_forms_may_leave_the_site_only_where_signing_in_needs_it(self):
        for name, browser in self.pages():
            with self.subTest(name):
                policy = browser.response.headers["Content-Security-Policy"]
                wide = "form-action 'self' http: https:" in policy
                signs_in = browser.path in {
                    "/login",
                    # Changing how one gets in leads through a provider as well.
                    "/settings/account",
                    "/settings/account/email",
                    "/settings/account/openids",
                    "/settings/data/leave",
                    "/settings/proof",
                    "/openid/sign-in",
                    "/openid/code",
                    "/openid/join",
                    "/openid/consent",
                }
                # A suspension for good asks who the moderator is.
                signs_in |= "Suspend for good" in browser.page.words
                self.assertEqual(wide, signs_in and browser.status in {200, 400})

    def test_each_form_that_changes_something_carries_a_token(self):
        for name, browser in self.pages():
            for form in browser.page.forms:
                with self.subTest(name, action=form.action):
                    if form.action == "/search":
                        # Looking changes nothing, and its address can be kept.
                        self.assertEqual(form.method, "GET")
                        continue
                    self.assertEqual(form.method, "POST")
                    if form.action.startswith(REALM):
                        # It is not for this site, which would tell its secret.
                        self.assertNotIn("csrf_token", form.fields)
                        continue
                    self.assertIn("csrf_token", form.fields)

    def test_cookies_are_small_and_out_of_the_reach_of_scripts(self):
        for name, browser in self.pages():
            for line in browser.response.headers.getlist("Set-Cookie"):
                with self.subTest(name, cookie=line):
                    self.assertLess(len(line), 1000)
                    self.assertIn("HttpOnly", line)
                    self.assertIn("SameSite=Lax", line)


class _InlineCode(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.found.append(tag)
        for name, value in attributes.items():
            if name == "style" or name.startswith("on") or (value or "").startswith("javascript:"):
                self.found.append(f"{tag} {name}")


def _inline_code(text: str) -> list[str]:
    parser = _InlineCode()
    parser.feed(text)
    return parser.found


class HeadTests(PeopleTestCase):
    """HEAD asks for the headers of what GET gives, and changes as little (RFC 9110, 9.3.2)."""

    def head(self, browser: Browser, path: str):
        return browser._open("HEAD", path, follow=False)

    def test_it_is_answered_like_get(self):
        post = self.post(self.john, "tea")
        paths = ["/", "/login", "/logout", "/edit", "/explore", "/openid", "/openid/join"]
        paths += [
            f"/post/{post.id}",
            f"/post/{post.id}/edit",
            f"/post/{post.id}/delete",
            "/nowhere",
        ]
        for user in (None, self.john):
            for path in paths:
                with self.subTest(path, user=user):
                    browser = self.browser(user)
                    expected = browser._open("GET", path, follow=False)
                    found = self.head(browser, path)
                    self.assertEqual(found.status_code, expected.status_code)
                    self.assertEqual(
                        found.headers.get("Location"), expected.headers.get("Location")
                    )
                    self.assertEqual(found.get_data(), b"")

    def test_it_signs_nobody_out_and_deletes_nothing(self):
        post = self.post(self.john, "tea")
        browser = self.browser(self.john)
        self.head(browser, f"/post/{post.id}/delete")
        self.assertEqual(self.count(Post), 1)
        self.head(browser, "/logout")
        browser.get("/")
        self.assertEqual(browser.page.heading, "Home")


class DiscoveryByAcceptTests(TestCase):
    def test_people_get_pages_and_machines_documents(self):
        for accept, machine in {
            "application/xrds+xml": True,
            "text/html; q=0.3, application/xhtml+xml; q=0.5, application/xrds+xml": True,
            "text/html,application/xhtml+xml,*/*;q=0.8": False,
            "*/*": False,
            "": False,
            "nonsense": False,
        }.items():
            with self.subTest(accept), self.app.test_request_context(headers={"Accept": accept}):
                self.assertEqual(wants_xrds(), machine)
