"""Requests that are too large: refused in a sentence, and never looked at."""

import unicodedata
from unittest import mock
from urllib.parse import quote

from flask import request

from app.forms import text
from app.models.posts import contents
from app.models.posts.contents import MAX_TAG
from app.tests.support.base import PASSWORD, SITE, JoinMixin, PeopleTestCase
from app.web.request_size import MAX_HEADER, MAX_HEADERS, MAX_PATH, MAX_QUERY

LONG = 300_000
BOUNDARY = "multipart/form-data; boundary="


class RequestSizeTests(JoinMixin, PeopleTestCase):
    # What is sent, and where; each took seconds, or could.
    TOO_LARGE = {
        "Accept": ("GET", "/", {"Accept": "a/b;q=0.1," * (LONG // 10)}),
        "Accept-Encoding": ("GET", "/explore", {"Accept-Encoding": "gzip," * (LONG // 5)}),
        "a boundary": ("POST", "/login", {"Content-Type": BOUNDARY + "a" * LONG}),
        "a parameter": ("POST", "/login", {"Content-Type": BOUNDARY + "a; b=" + "c" * LONG}),
        "a cookie": ("GET", "/login", {"Cookie": "a=b; " * (LONG // 5)}),
        "a host": ("GET", "/login", {"Host": "a" * LONG}),
        "any header": ("GET", "/login", {"X-Any": "a" * LONG}),
        "many headers": ("GET", "/login", {f"X-{n}": "a" * 100 for n in range(200)}),
        "just one byte more": ("GET", "/login", {"Accept": "a" * (MAX_HEADER["HTTP_ACCEPT"] + 1)}),
    }

    def seen(self, method: str, path: str, headers: dict) -> tuple:
        """Send a request; return the answer, and how much of it came to the application."""
        passed = []
        hooks = self.app.before_request_funcs[None]
        first = {None: [lambda: passed.append(request.environ.copy()), *hooks]}
        with mock.patch.dict(self.app.before_request_funcs, first):
            answer = self.app.test_client(use_cookies=False).open(
                path, method=method, headers=headers, data=b"x" * 1000, base_url=SITE
            )
        size = sum(len(v) for e in passed for v in e.values() if isinstance(v, str))
        return answer, size

    def test_headers(self):
        for name, (method, path, headers) in self.TOO_LARGE.items():
            with self.subTest(name):
                answer, size = self.seen(method, path, headers)
                # A host is another one when its end is missing.
                self.assertEqual(answer.status_code, 400 if name == "a host" else 431)
                self.assertLess(size, MAX_PATH + 2000)
                self.assertIn("<h1>", answer.text)
                self.assertNotIn("Set-Cookie", answer.headers)
                if name != "a host":
                    self.assertIn("Please delete its cookies", answer.text)
                    self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])

    def test_addresses(self):
        for path in (
            "/" + "a" * MAX_PATH,
            "/user/" + "%CC%81%CC%A3" * LONG,
            "/tag/" + "a" * LONG,
            "/search?q=" + "a" * MAX_QUERY,
        ):
            with self.subTest(path[:9]):
                answer, size = self.seen("GET", path, {})
                self.assertEqual(answer.status_code, 414)
                self.assertLess(size, MAX_PATH + 2000)
                self.assertIn("This address is longer", answer.text)

    def test_what_browsers_and_providers_send_passes(self):
        browser = self.join("miguel")
        cookies = "; ".join(f"other{n}={'x' * 1000}" for n in range(8))
        accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
        browser.get("/", headers={"Accept": accept, "X-Other": cookies, "Referer": "x" * 4000})
        self.assertEqual((browser.status, browser.page.heading), (200, "Hi, miguel!"))
        browser.get("/login?openid_complete=yes&state=x&a=" + "x" * (MAX_QUERY - 100), follow=False)
        self.assertEqual(browser.status, 302)
        boundary = "b" * 70
        answer = self.app.test_client().post(
            "/openid/sign-in",
            data=f'--{boundary}\r\nContent-Disposition: form-data; name="username"\r\n\r\n'
            f"{PASSWORD}\r\n--{boundary}--\r\n",
            headers={"Content-Type": BOUNDARY + boundary},
            base_url=SITE,
        )
        # It was read: what is missing is the token, and what was typed is there again.
        self.assertEqual(answer.status_code, 400)
        self.assertLess(sum(MAX_HEADER.values()), MAX_HEADERS)


class NormalisingTests(PeopleTestCase):
    """Composing letters and accents may take time that grows with the square of their number."""

    MARKS = "a" + "\u0301\u0323" * 600

    def longest(self, action) -> int:
        """Return how long the longest text was that `action` had composed or decomposed."""
        lengths = [0]

        def normalize(form: str, text: str) -> str:
            lengths.append(len(text))
            return unicodedata.normalize(form, text)

        spy = mock.Mock(wraps=unicodedata, normalize=normalize)
        with mock.patch.object(contents, "unicodedata", spy):
            with mock.patch.object(text, "unicodedata", spy):
                action()
        return max(lengths)

    def test_a_tag_in_an_address(self):
        browser = self.browser()
        for suffix in ("", ".atom"):
            path = f"/tag/{quote(self.MARKS[:600])}{suffix}"
            self.assertLessEqual(self.longest(lambda path=path: browser.get(path)), 4 * MAX_TAG)
            self.assertEqual(browser.status, 404)

    def test_a_post_and_a_search(self):
        browser = self.browser(self.john)
        browser.get("/")
        length = self.longest(lambda: browser.submit(post=self.MARKS))
        self.assertEqual(browser.status, 400)
        self.assertLessEqual(length, text.MAX_COMPOSED)
        length = self.longest(lambda: browser.get(f"/search?q=%23{quote(self.MARKS)}"))
        self.assertEqual(browser.status, 200)
        self.assertLessEqual(length, text.MAX_COMPOSED)

    def test_a_tag_is_found_however_it_is_typed(self):
        # Each of these letters is four code points when taken apart.
        name = "\u1f82" * (MAX_TAG // 2)
        key = contents.tag_key(name)
        self.assertEqual(contents.tag_key(unicodedata.normalize("NFD", name)), key)
        self.assertIsNotNone(key)
