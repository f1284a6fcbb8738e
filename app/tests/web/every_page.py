"""What holds for every page: who may see it, its headers, its words when something is wrong."""

import unittest
from html.parser import HTMLParser

import html5lib

from app import db
from app.models.posts import Post
from app.openid.xrds import wants_xrds
from app.tests.support.base import SITE, Browser, PeopleTestCase, TestCase
from app.tests.support.every_page import Readers, pages, site_of_every_page
from app.tests.support.openid.relying_party import REALM
from app.tests.support.programs.processes import fresh_database
from app.web.redirects import safe_next

HOSTILE_NEXT = [
    "//evil.example",
    "///evil.example",
    "////evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "http://evil.example/",
    "https://evil.example/",
    "HTTP://evil.example/",
    "http:evil.example",
    "http:/evil.example",
    "https:///evil.example",
    "ftp://evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,hello",
    "vbscript:x",
    "mailto:a@evil.example",
    "evil.example",
    "www.evil.example/path",
    "@evil.example",
    ":80",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%5cevil.example",
    "/%2fevil.example",
    "/%252fevil.example",
    "/%255cevil.example",
    "/%2Fevil.example/..",
    "/x%0d%0aSet-Cookie:a=b",
    "?next=//evil.example",
    "#//evil.example",
    "../evil",
    "//127.0.0.1:5000@evil.example/",
    "/" + "x" * 600,
]


class SafeNextTests(TestCase):
    def test_hostile_targets_lead_home(self):
        with self.app.test_request_context():
            for target in HOSTILE_NEXT:
                with self.subTest(target):
                    self.assertEqual(safe_next(target), "/")

    def test_paths_of_this_site_are_kept(self):
        with self.app.test_request_context():
            for target in ("/", "/edit", "/user/john?older=12", "/?q=a%20b", "/#main"):
                with self.subTest(target):
                    # A space is a character below U+0021, also when encoded.
                    expected = "/" if "%20" in target else target
                    self.assertEqual(safe_next(target), expected)

    def test_nothing_means_home(self):
        with self.app.test_request_context():
            self.assertEqual(safe_next(None), "/")
            self.assertEqual(safe_next(""), "/")


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
        """Give the name of every page with a browser on it."""
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
                self.assertEqual(headers["Referrer-Policy"], "same-origin")
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
                    "/edit",
                    "/edit/delete",
                    "/edit/proof",
                    "/openid/sign-in",
                    "/openid/join",
                    "/openid/consent",
                }
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


class ErrorPageTests(PeopleTestCase):
    def test_an_unknown_address_gets_the_sites_404(self):
        for who in (None, self.john):
            browser = self.browser(who)
            browser.get("/nowhere")
            self.assertEqual(browser.status, 404)
            self.assertEqual(browser.page.heading, "File Not Found")
            self.assertIn("style.css", browser.text)
            self.assertEqual(browser.page.links["Back to the home page"], "/")

    def test_the_404_offers_to_look_for_what_was_asked(self):
        browser = self.browser()
        for path, words in {
            "/user/nobody-of-that_name": "nobody of that name",
            "/nowhere/%3Cscript%3E": "script",
            "/post/4711": "",
            "/" + "x" * 3000: "x" * 200,
        }.items():
            with self.subTest(path[:40]):
                browser.get(path)
                self.assertEqual(browser.status, 404)
                (form,) = browser.page.forms
                self.assertEqual((form.action, form.fields["q"]), ("/search", words))
        members_only = Browser(self.make_app(PUBLIC="off"))
        members_only.get("/nowhere")
        self.assertEqual((members_only.status, members_only.page.forms), (404, []))

    def test_an_address_opened_the_wrong_way_gets_a_page(self):
        browser = self.browser(self.john)
        for path in ("/xrds", "/user/susan", "/explore"):
            with self.subTest(path):
                browser.get("/")
                browser.post(path, {"csrf_token": browser.token()})
                self.assertEqual((browser.status, browser.page.heading), (405, "Not this way"))

    def test_too_long_a_form_is_refused_in_words(self):
        browser = self.browser(self.john)
        browser.get("/")
        browser.submit(post="x" * 100_000)
        self.assertEqual(browser.status, 413)
        self.assertEqual(browser.page.heading, "Too long")

    def test_a_form_without_its_token_is_handed_back_with_what_was_typed(self):
        browser = self.browser(self.john)
        browser.get("/")
        browser.post("/", {"post": "hard to write twice", "csrf_token": "stale"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(browser.page.heading, "This form has expired")
        browser.submit(button="Send it again")
        self.assertEqual(browser.status, 200)
        self.assertIn("hard to write twice", browser.page.words)

    def test_a_form_sent_by_another_site_gets_no_second_chance_and_no_cookie(self):
        for origin in ("https://evil.example", "null", None):
            with self.subTest(origin):
                browser = self.browser(self.john)
                headers = {"Origin": origin} if origin else {}
                browser._open("POST", "/", data={"post": "not mine"}, headers=headers)
                self.assertEqual(browser.status, 400)
                self.assertNotIn("not mine", browser.text)
                self.assertNotIn("Set-Cookie", browser.response.headers)

    def test_a_password_is_never_handed_back(self):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.post("/openid/sign-in", {"username": "john", "password": "hunter2 hunter2"})
        self.assertEqual(browser.status, 400)
        self.assertNotIn("hunter2", browser.text)


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
        self.assertEqual(browser.page.heading, "Hi, john!")


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
