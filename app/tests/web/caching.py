"""What a cache between the site and its readers may keep: never a page that sets a cookie."""

import re
from unittest import mock

from flask import Response
from flask_login.utils import encode_cookie
from werkzeug.exceptions import NotFound

from app import create_app, db
from app.models import SignIn
from app.queries import timelines
from app.tests.support.base import SITE, Browser, JoinMixin, PeopleTestCase, settings

GARBAGE = "garbage|0123456789abcdef"
VALUES = {
    "which": "followers",
    "nickname": "john",
    "username": "miguel",
    "name": "tea",
    "seed": "abc",
    "filename": "style.css",
    "post_id": 1,
}


class CacheTests(JoinMixin, PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.join("miguel")
        VALUES["post_id"] = self.john.write("#tea").id

    def browser_with(self, **cookies: str) -> Browser:
        browser = self.browser()
        for name, value in cookies.items():
            browser.client.set_cookie(name, value, domain="127.0.0.1")
        return browser

    def remembered(self) -> str:
        """Return the cookie that is left of a sign-in that was to be remembered."""
        return encode_cookie(
            SignIn.begin(self.john.id, "https://john.example.com/", remembered=True)
        )

    def addresses(self) -> list[str]:
        """Return an address of every page that can be opened, files of the site included."""
        rules = [rule for rule in self.app.url_map.iter_rules() if "GET" in rule.methods]
        adapter = self.app.url_map.bind("127.0.0.1:5000")
        return [
            adapter.build(rule.endpoint, {a: VALUES.get(a, 1) for a in rule.arguments})
            for rule in rules
        ]

    def cookies(self) -> dict[str, dict[str, str]]:
        member = self.browser(self.john).cookie("session").value
        return {
            "none": {},
            "a session": {"session": member},
            "a garbled session": {"session": GARBAGE},
            "remembered": {"remember": self.remembered()},
            "remembered no more": {"remember": encode_cookie("not a token")},
            "garbled": {"remember": GARBAGE},
            "all garbled": {"session": GARBAGE, "remember": GARBAGE},
        }

    def assert_not_shared(self, response) -> None:
        if "Set-Cookie" in response.headers:
            self.assertEqual(response.headers["Cache-Control"], "no-store")
            self.assertNotIn("Expires", response.headers)

    def test_no_page_that_sets_a_cookie_may_be_kept(self):
        pairs = set()
        for address in self.addresses():
            for kind in self.cookies():
                with self.subTest(address, cookies=kind):
                    browser = self.browser_with(**self.cookies()[kind])
                    response = browser.get(address, follow=False)
                    self.addCleanup(response.close)
                    self.assertLess(response.status_code, 500)
                    self.assert_not_shared(response)
                    shared = "public" in response.headers["Cache-Control"]
                    pairs.add(("Set-Cookie" in response.headers, shared))
        # All that may be was there.
        self.assertEqual(pairs, {(True, False), (False, True), (False, False)})

    def test_a_feed_read_with_a_remembered_sign_in_alone_sets_its_cookie(self):
        browser = self.browser_with(remember=self.remembered())
        browser.get("/explore.atom")
        self.assertIn("Set-Cookie", browser.response.headers)
        self.assert_not_shared(browser.response)

    def test_not_even_when_it_is_asked_for(self):
        app = create_app(**settings(WORKERS="3"))
        with app.app_context():
            self.addCleanup(db.engine.dispose)

        @app.get("/greedy/<kind>")
        def greedy(kind):
            response = Response(kind)
            response.set_cookie("a", "b")
            response.cache_control.public, response.cache_control.max_age = True, 60
            response.expires = 2**31
            return response

        # Even a file: what is signed in is signed in before any of them.
        @app.before_request
        def sign_in_again():
            app.login_manager._load_user()

        answer = app.test_client().get("/greedy/x", base_url=SITE)
        self.assert_not_shared(answer)
        client = app.test_client()
        client.set_cookie("remember", self.remembered(), domain="127.0.0.1")
        for sets_cookie in (True, False):
            answer = client.get("/static/style.css", base_url=SITE)
            self.addCleanup(answer.close)
            self.assertEqual("Set-Cookie" in answer.headers, sets_cookie)
            self.assertEqual("public" in answer.headers["Cache-Control"], not sets_cookie)
            self.assert_not_shared(answer)

    def test_a_file_asked_for_in_another_version_is_kept_by_nobody(self):
        client = self.app.test_client()
        own = re.search(r"/static/style\.css\?v=(\w+)", client.get("/explore", base_url=SITE).text)
        self.assertGreater(len(own[1]), 8)
        for query, is_kept in (
            ("", True),
            (f"?v={own[1]}", True),
            (f"?v={own[1][1:]}", False),
            ("?v=1", False),
            ("?v=", False),
        ):
            with self.subTest(query):
                answer = client.get(f"/static/style.css{query}", base_url=SITE)
                answer.close()
                self.assertEqual(answer.status_code, 200)
                self.assertEqual("max-age" in answer.headers["Cache-Control"], is_kept)
                self.assertEqual("Expires" in answer.headers, is_kept)
        self.assertEqual(client.get("/static/none.css?v=1", base_url=SITE).status_code, 404)

    def test_a_page_that_fails_after_it_asked_is_kept_by_nobody(self):
        with mock.patch.object(timelines, "public", side_effect=NotFound):
            answer = self.app.test_client().get("/explore", base_url=SITE)
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
