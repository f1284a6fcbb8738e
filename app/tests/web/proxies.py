"""What a request may say of itself behind a reverse proxy, and what it may not."""

from flask import request, request_started

from app.extensions import visitor_address
from app.tests.support.base import TestCase

SITE_URL = "https://blog.example.com"
# What proxies, load balancers and frameworks are known to believe, with what a visitor might say.
CLAIMS = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-By": "203.0.113.9",
    "X-Forwarded-Uri": "/edit",
    "X-Forwarded-Path": "/edit",
    "X-Forwarded-Method": "POST",
    "X-Forwarded-User": "john",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
    "X-Real-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "X-Host": "evil.example",
    "X-Scheme": "https",
    "Front-End-Https": "on",
    "X-Script-Name": "/evil",
    "X-Original-URL": "/edit",
    "X-Rewrite-URL": "/edit",
    "X-HTTP-Method-Override": "POST",
}
# The headers that one proxy is asked to set, and what each changes.
BELIEVED = {
    "X-Forwarded-For": {"address": "203.0.113.9"},
    "X-Forwarded-Proto": {"scheme": "https"},
    "X-Forwarded-Host": {"host": "evil.example"},
}


class ForwardedTests(TestCase):
    def seen(self, proxies: int, headers: dict[str, str], host: str = "blog.example.com") -> dict:
        """Return what the site makes of a request with these headers."""
        app = self.make_app(PROXY_COUNT=str(proxies), SITE_URL=SITE_URL)
        seen = {}

        def note(sender, **extra):
            seen.update(
                address=visitor_address(),
                scheme=request.scheme,
                host=request.host,
                root=request.root_path,
                path=request.path,
                method=request.method,
            )

        with request_started.connected_to(note, app), app.app_context():
            answer = app.test_client().get("/login", base_url=f"http://{host}", headers=headers)
        return {**seen, "status": answer.status_code}

    def test_without_a_proxy_nothing_that_a_visitor_claims_counts(self):
        plain = self.seen(0, {})
        self.assertEqual(plain["status"], 200)
        for name, value in CLAIMS.items():
            with self.subTest(name):
                self.assertEqual(self.seen(0, {name: value}), plain)
        self.assertEqual(self.seen(0, CLAIMS), plain)

    def test_behind_one_proxy_the_three_headers_count_that_it_sets(self):
        plain = self.seen(1, {})
        for name, value in CLAIMS.items():
            with self.subTest(name):
                expected = plain | BELIEVED.get(name, {})
                if name == "X-Forwarded-Host":
                    expected["status"] = 400
                self.assertEqual(self.seen(1, {name: value}), expected)

    def test_of_several_values_the_proxy_s_own_is_the_last(self):
        own = {
            "X-Forwarded-Host": "evil.example, blog.example.com",
            "X-Forwarded-Proto": "x, https",
        }
        found = self.seen(1, {**own, "X-Forwarded-For": "203.0.113.9, 198.51.100.4"})
        self.assertEqual(
            (found["address"], found["scheme"], found["host"], found["status"]),
            ("198.51.100.4", "https", "blog.example.com", 200),
        )
        mine = {"X-Forwarded-Host": "blog.example.com, evil.example"}
        self.assertEqual(self.seen(1, mine)["status"], 400)
        # Two proxies are two steps, and of what stands before them nothing counts.
        found = self.seen(2, {"X-Forwarded-For": "203.0.113.9, 198.51.100.4, 192.0.2.1"})
        self.assertEqual(found["address"], "198.51.100.4")

    def test_the_host_of_a_visitor_is_that_of_the_proxy_only_where_there_is_one(self):
        for proxies, host, forwarded, status in (
            (0, "blog.example.com", "evil.example", 200),
            (0, "10.0.0.1", "blog.example.com", 400),
            (0, "evil.example", "blog.example.com", 400),
            (1, "blog.example.com", "evil.example", 400),
            (1, "10.0.0.1", "blog.example.com", 200),
        ):
            with self.subTest(proxies=proxies, host=host, forwarded=forwarded):
                found = self.seen(proxies, {"X-Forwarded-Host": forwarded}, host)
                self.assertEqual(found["status"], status)

    def test_nonsense_for_an_address_is_no_address(self):
        for value in ("", "x", "' OR 1=1", "1.2.3", "unknown", "[::1]:80", "1.2.3.4:80"):
            with self.subTest(value):
                found = self.seen(1, {"X-Forwarded-For": value})
                self.assertIn(found["address"], {"127.0.0.1", "unknown"})
                self.assertEqual(found["status"], 200)
