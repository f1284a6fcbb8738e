"""Addresses of this site are answered in-process."""

import contextlib

from flask import current_app, g, redirect, request, session

from app.openid.network import FetchError, FetchFailed, FetchRefused
from app.tests.support.openid.fetching import (
    PUBLIC,
    FetchingCase,
    page,
)
from app.tests.support.openid.hostile import response


class OwnPagesTests(FetchingCase):
    """URLs of this site are answered in-process, as if somebody unknown had asked."""

    def setUp(self):
        super().setUp()
        app = self.app
        self.seen = []

        @app.route("/id/<name>", methods=["GET", "POST"])
        def identity(name):
            self.seen.append(
                {
                    "url": request.url,
                    "method": request.method,
                    "form": dict(request.form),
                    "cookies": dict(request.cookies),
                    "session": dict(session),
                    "g": g.get("user"),
                    "from": request.remote_addr,
                    "accept": request.headers.get("Accept"),
                }
            )
            g.user = session["user"] = "inner"
            return page()

        @app.route("/to")
        def to():
            return redirect(request.args["to"])

        @app.route("/broken")
        def broken():
            raise KeyError("broken")

        @app.route("/endless")
        def endless():
            return iter(lambda: "a" * 8192, None)

        @app.route("/nested")
        def nested():
            with contextlib.suppress(FetchError):
                self.seen.append(self.fetch(request.args["url"]))
            return ""

    def test_own_page_is_answered_without_the_network(self):
        for url in ("http://site.example/id/susan", "HTTP://SITE.EXAMPLE:80/id/susan"):
            with self.subTest(url):
                answer = self.fetch(url + "?a=%C3%A9+b", headers={"Accept": "text/html"})
                self.assertEqual((answer.status, answer.final_url), (200, url + "?a=%C3%A9+b"))
                self.assertIn("http://op.example/", answer.body)
                self.assertEqual(self.seen[-1]["url"], "http://site.example/id/susan?a=é+b")
                self.assertEqual(self.seen[-1]["from"], "127.0.0.1")
                self.assertEqual(self.seen[-1]["accept"], "text/html")
        self.assertEqual((self.lookups, self.connections), ([], []))

    def test_post_reaches_own_page(self):
        answer = self.fetch("http://site.example/id/susan", "openid.mode=associate")
        self.assertEqual(answer.body, page())
        self.assertEqual(self.seen[0]["method"], "POST")
        self.assertEqual(self.seen[0]["form"], {"openid.mode": "associate"})

    def test_inner_request_shares_nothing_with_the_outer(self):
        seen_outside = {}

        @self.app.route("/outer")
        def outer():
            g.user = session["user"] = "outer"
            answer = self.fetch("http://site.example/id/susan")
            seen_outside.update(
                g=g.user, session=dict(session), path=request.path, headers=answer.headers
            )
            return ""

        browser = self.app.test_client()
        browser.set_cookie("remember_token", "secret")
        browser.get("/outer")
        (inner,) = self.seen
        self.assertEqual((inner["g"], inner["session"], inner["cookies"]), (None, {}, {}))
        self.assertEqual(seen_outside["g"], "outer")
        self.assertEqual(seen_outside["session"], {"user": "outer"})
        self.assertEqual(seen_outside["path"], "/outer")
        self.assertNotIn("set-cookie", seen_outside["headers"])
        self.assertIs(current_app._get_current_object(), self.app)

    def test_contexts_are_torn_down(self):
        ended = []
        self.app.teardown_appcontext(lambda error: ended.append(g.get("user")))
        self.fetch("http://site.example/id/susan")
        self.assertEqual(ended, ["inner"])

    def test_redirects_cross_over_and_are_vetted(self):
        self.names["id.example"] = [PUBLIC]
        site = "http://site.example"
        answer = self.fetch(f"{site}/to?to=/id/susan")
        self.assertEqual(answer.final_url, f"{site}/id/susan")
        self.server.answers["/away"] = response(status=302, Location=f"{site}/id/away")
        answer = self.fetch(f"{site}/to?to=http://id.example/away")
        self.assertEqual(answer.final_url, f"{site}/id/away")
        self.assertRaises(FetchRefused, self.fetch, f"{site}/to?to=http://127.0.0.1/")
        self.assertRaises(FetchRefused, self.fetch, "http://site.example:8080/id/susan")

    def test_failures_of_own_pages_stay_inside(self):
        site = "http://site.example"
        self.assertEqual(self.fetch(f"{site}/missing").status, 404)
        self.assertEqual(self.fetch(f"{site}//other.example/").status, 404)
        with self.assertLogs(self.app.logger):
            self.assertEqual(self.fetch(f"{site}/broken").status, 500)
        self.app.config["PROPAGATE_EXCEPTIONS"] = True
        self.assertRaises(FetchFailed, self.fetch, f"{site}/broken")
        self.assertRaises(FetchFailed, self.fetch, f"{site}/endless")

    def test_own_page_fetches_nothing_itself(self):
        site = "http://site.example"
        self.assertEqual(self.fetch(f"{site}/nested?url={site}/id/susan").status, 200)
        self.assertEqual(self.seen, [])
