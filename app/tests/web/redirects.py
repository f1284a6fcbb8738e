"""Where a visitor may be sent on to: this site alone."""

from app.tests.support.base import TestCase
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
