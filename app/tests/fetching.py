"""Fetching what a visitor typed: where we go, how long we wait, what we take from there.

Nothing here connects anywhere but to loopback. Public names and addresses are made up:
the lookup answers from a table, and a connection to one of them is led to a server here.
"""

import contextlib
import ipaddress
import os
import socket
import ssl
import threading
import time
import unittest
from io import StringIO
from unittest import mock

import httpcore
from flask import Flask, current_app, g, redirect, request, session
from openid import fetchers
from openid.consumer.discover import OpenIDServiceEndpoint
from openid.consumer.discover import discover as discover_openid
from openid.consumer.html_parse import parseLinkAttrs
from openid.yadis.constants import YADIS_CONTENT_TYPE
from openid.yadis.parsehtml import MetaNotFound, findHTMLMeta

from app.openid import fetcher, html
from app.openid.fetcher import FetchError, FetchFailed, FetchRefused, FetchTimedOut
from app.tests.hostile import CERTIFICATE, QUADRATIC, XML_BOMB, HostileServer, response

RESOLVE, CONNECT = fetcher.resolve, fetcher.connect
PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
# No request may take longer than this on the slowest machine, where it is told to end sooner.
PATIENCE = 5
LINK = '<link rel="openid2.provider" href="http://op.example/">'


def page(head: str = LINK) -> str:
    return f"<html><head><title>Me</title>{head}</head><body>Hello</body></html>"


def xrds(services: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><xrds:XRDS xmlns:xrds="xri://$xrds" '
        f'xmlns="xri://$xrd*($v*2.0)"><XRD>{services}</XRD></xrds:XRDS>'
    )


SERVICE = (
    '<Service priority="0"><Type>http://specs.openid.net/auth/2.0/signon</Type>'
    "<URI>http://op.example/</URI><LocalID>http://op.example/id/susan</LocalID></Service>"
)


class FetchingCase(unittest.TestCase):
    """An application of its own, a table of names, and a server to meet."""

    def setUp(self):
        self.app = Flask("fetching")
        self.app.config.update(
            SECRET_KEY="only for tests",
            SITE_URL="http://site.example",
            FETCH_SECONDS=PATIENCE,
            OPENID_TRUSTED_ORIGINS=(),
        )
        self.names: dict[str, list[str]] = {}
        self.lookups: list[str] = []
        self.connections: list[str] = []
        self.enter(mock.patch.object(fetcher, "resolve", self.resolve))
        self.enter(mock.patch.object(fetcher, "connect", self.connect))
        self.server = self.enter(HostileServer())
        self.enter(self.app.app_context())
        self.fetch = fetcher.Fetcher().fetch

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def resolve(self, host: str, port: int) -> list[str]:
        self.lookups.append(host)
        if host in self.names:
            return self.names[host]
        # Anything but a name of the table has to be an address already.
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return [address[0] for *_, address in found]

    def connect(self, address: str, port: int, timeout: float):
        self.connections.append(address)
        if not ipaddress.ip_address(address).is_loopback:
            address, port = "127.0.0.1", self.server.port
        return CONNECT(address, port, timeout)

    def trust(self, *origins: str) -> None:
        self.app.config["OPENID_TRUSTED_ORIGINS"] = origins or (self.server.origin,)

    def assert_ends(self, url: str, kind=FetchTimedOut) -> None:
        """Fetching `url` ends with this error long before PATIENCE is over."""
        self.app.config["FETCH_SECONDS"] = 0.3
        began = time.monotonic()
        with self.assertRaises(kind):
            self.fetch(url)
        self.assertLess(time.monotonic() - began, PATIENCE)


class WhereFetchingGoesTests(FetchingCase):
    """Public web servers only, and no way around that."""

    def test_public_name_is_fetched(self):
        self.names["id.example"] = [PUBLIC, OTHER_PUBLIC]
        self.server.answers["/me?a=b"] = self.server.answers["/me"] = response(page())
        answer = self.fetch("http://id.example/me?a=b#c", headers={"Accept": "text/html"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.final_url, "http://id.example/me?a=b#c")
        self.assertIn("http://op.example/", answer.body)
        self.assertEqual(self.connections, [PUBLIC])
        (asked,) = self.server.requests
        self.assertEqual((asked.method, asked.path), ("GET", "/me?a=b"))
        self.assertEqual(asked.headers["host"], "id.example")
        self.assertEqual(asked.headers["accept"], "text/html")
        self.assertEqual(asked.headers["accept-encoding"], "identity")
        self.assertIn("Microblog", asked.headers["user-agent"])
        self.assertNotIn("cookie", asked.headers)

    def test_hostile_urls_are_refused(self):
        for url in (
            "http://127.0.0.1/",
            "http://127.8.8.8/",
            "http://0.0.0.0/",
            "http://0/",
            "http://10.0.0.1/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
            "http://192.0.0.192/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            # The same addresses in disguise.
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://127.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[::ffff:0:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[64:ff9b:1::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
            "http://[2001:db8::1]/",
            "http://[fe80::1]/",
            "http://[fe80::1%25eth0]/",
            "http://[fe80::1%eth0]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff02::1]/",
            "http://[100::1]/",
            # Other ports and schemes.
            f"http://{PUBLIC}:22/",
            f"http://{PUBLIC}:25/",
            f"http://{PUBLIC}:6379/",
            f"http://{PUBLIC}:8080/",
            f"https://{PUBLIC}:8443/",
            f"http://{PUBLIC}:0/",
            f"http://{PUBLIC}:99999/",
            f"http://{PUBLIC}:-80/",
            f"http://{PUBLIC}:80x/",
            f"ftp://{PUBLIC}/",
            f"gopher://{PUBLIC}:70/_",
            f"//{PUBLIC}/",
            "file:///etc/passwd",
            "data:text/html,hello",
            "javascript:alert(1)",
            # Not quite URLs.
            f"http://susan@{PUBLIC}/",
            f"http://susan:secret@{PUBLIC}/",
            f"http://@{PUBLIC}/",
            f"http://{PUBLIC}\\@127.0.0.1/",
            f"http://{PUBLIC}/a b",
            f"http://{PUBLIC}/a\nHost: other.example",
            f"http://{PUBLIC}/\r\n\r\nGET /",
            f" http://{PUBLIC}/",
            f"ht\ttp://{PUBLIC}/",
            f"http://{PUBLIC}/\x00",
            f"http://{PUBLIC}/\x85",
            f"http://{PUBLIC}%2f/",
            f"http://{PUBLIC}/{'a' * html.LONGEST_URL}",
            "http://%31%32%37.0.0.1/",
            "http://[/",
            "http://]/",
            "http://[::1",
            "http://[dead.beef:cafe]/",
            "http://",
            "http:///etc/passwd",
            "http://:80/",
            "http:id.example",
            "http://\ud800/",
            "http://ü..example/",
            f"http://{'ü' * 70}.example/",
            "",
            None,
            7,
            b"http://id.example/",
        ):
            with self.subTest(url):
                self.assertRaises(FetchRefused, self.fetch, url)
        self.assertEqual(self.connections, [])

    def test_lookup_uncovers_disguises(self):
        # Straight to the system, whose C library does what it likes with these.
        for host in ("2130706433", "0177.0.0.1", "0x7f.1", "127.1", "127.0.0.1", "localhost"):
            with self.subTest(host):
                found = RESOLVE(host, 80)
                self.assertTrue(found)
                self.assertFalse([address for address in found if fetcher.is_public(address)])

    def test_public_addresses(self):
        for address in (PUBLIC, OTHER_PUBLIC, "1.1.1.1", "64:ff9b::808:808"):
            with self.subTest(address):
                self.assertTrue(fetcher.is_public(address))
        for address in ("fe80::1%eth0", "2606:2800:21f::1%1", "nonsense", ""):
            with self.subTest(address):
                self.assertFalse(fetcher.is_public(address))

    def test_one_private_address_among_public_ones_is_enough(self):
        self.names["id.example"] = [PUBLIC, "10.0.0.1", OTHER_PUBLIC]
        self.assertRaises(FetchRefused, self.fetch, "http://id.example/")
        self.assertEqual(self.connections, [])

    def test_name_that_changes_its_mind(self):
        """DNS rebinding: what is connected to is what was looked up, and that only once."""
        answers = iter([[PUBLIC], ["127.0.0.1"]])
        with mock.patch.object(fetcher, "resolve", lambda *_: next(answers)):
            self.assertEqual(self.fetch("http://id.example/").status, 404)
            self.assertEqual(self.connections, [PUBLIC])
            self.assertRaises(FetchRefused, self.fetch, "http://id.example/")
        self.assertEqual(self.connections, [PUBLIC])

    def test_next_address_is_tried_when_one_does_not_answer(self):
        self.names["id.example"] = [OTHER_PUBLIC, PUBLIC]

        def connect(address, port, timeout):
            if address == OTHER_PUBLIC:
                raise httpcore.ConnectError("no IPv6 here")
            return self.connect(address, port, timeout)

        with mock.patch.object(fetcher, "connect", connect):
            self.assertEqual(self.fetch("http://id.example/").status, 404)

    def test_trusted_origin_may_be_private_and_have_any_port(self):
        self.assertRaises(FetchRefused, self.fetch, self.server.origin + "/")
        self.assertEqual(self.server.requests, [])
        self.trust()
        self.assertEqual(self.fetch(self.server.origin + "/").status, 404)

    def test_trust_covers_neither_neighbours_nor_other_rules(self):
        self.trust()
        port = self.server.port
        for url in (
            f"http://127.0.0.2:{port}/",
            f"http://127.1:{port}/",
            f"http://[::1]:{port}/",
            f"https://127.0.0.1:{port}/",
            f"http://susan@127.0.0.1:{port}/",
            f"ftp://127.0.0.1:{port}/",
            "http://127.0.0.1/",
        ):
            with self.subTest(url):
                self.assertRaises(FetchRefused, self.fetch, url)
        self.assertEqual(self.server.requests, [])

    def test_proxies_of_the_environment_are_ignored(self):
        self.names["id.example"] = [PUBLIC]
        with HostileServer() as proxy:
            names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
            with mock.patch.dict(os.environ, dict.fromkeys(names, proxy.origin)):
                self.fetch("http://id.example/")
            self.assertEqual(proxy.requests, [])
        self.assertEqual(len(self.server.requests), 1)


class RedirectTests(FetchingCase):
    """Each redirect is vetted like the first URL."""

    def setUp(self):
        super().setUp()
        self.trust()
        self.inner = self.enter(HostileServer())

    def test_redirects_are_followed(self):
        self.server.answers["/a/there"] = response(page())
        self.server.answers["/a/me"] = response(status=301, Location="there#me")
        answer = self.fetch(self.server.origin + "/redirect?to=/a/me")
        self.assertEqual(answer.final_url, self.server.origin + "/a/there#me")
        self.assertIn("http://op.example/", answer.body)

    def test_only_three_redirects_are_followed(self):
        for n in range(4):
            self.server.answers[f"/{n}"] = response(status=307, Location=f"/{n + 1}")
        self.assertEqual(self.fetch(self.server.origin + "/1").status, 404)
        self.assertRaises(FetchRefused, self.fetch, self.server.origin + "/0")
        self.assertRaises(FetchRefused, self.fetch, self.server.origin + "/loop")
        self.assertEqual(len(self.server.asked("/loop")), 4)

    def test_redirects_to_hostile_urls_are_refused(self):
        for to in (
            self.inner.origin,
            "http://10.0.0.1/",
            "//169.254.169.254/latest/",
            "http://[::1]/",
            "http://[/",
            "file:///etc/passwd",
            "http://susan@127.0.0.1/",
            "javascript:alert(1)",
        ):
            with self.subTest(to):
                url = f"{self.server.origin}/redirect?to={to}"
                self.assertRaises(FetchRefused, self.fetch, url)
        self.assertEqual(self.inner.requests, [])
        self.assertEqual(set(self.connections), {"127.0.0.1"})

    def test_redirect_without_location_fails(self):
        self.assertRaises(FetchFailed, self.fetch, self.server.origin + "/redirect")

    def test_redirected_post_goes_nowhere(self):
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                url = f"{self.server.origin}/redirect?to=/there&status={status}"
                self.assertRaises(FetchRefused, self.fetch, url, "openid.mode=associate")
        self.assertEqual(self.server.asked("/there"), [])

    def test_xrds_location_is_vetted_too(self):
        fetcher.install()
        for path in ("/xrds-header", "/xrds-meta"):
            with self.subTest(path), fetcher.step() as step:
                with self.assertRaises(fetchers.HTTPFetchingError):
                    discover_openid(f"{self.server.origin}{path}?to={self.inner.origin}/")
                self.assertIsInstance(step.failure, FetchRefused)
        self.assertEqual(len(self.server.requests), 2)
        self.assertEqual(self.inner.requests, [])


class DeadlineTests(FetchingCase):
    """One deadline covers everything, however slowly it comes."""

    def setUp(self):
        super().setUp()
        self.trust()

    def test_slow_servers_end_on_time(self):
        for path in ("/silent", "/slow-headers", "/slow-body"):
            with self.subTest(path):
                self.assert_ends(self.server.origin + path)
                self.assertEqual(len(self.server.asked(path)), 1)

    def test_slow_handshake_ends_on_time(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            origin = f"https://127.0.0.1:{silent.getsockname()[1]}"
            self.trust(origin)
            self.assert_ends(origin + "/")

    def test_slow_connection_shares_the_time_with_other_addresses(self):
        self.names["id.example"] = [OTHER_PUBLIC, PUBLIC]
        given = []

        def connect(address, port, timeout):
            given.append(timeout)
            raise httpcore.ConnectTimeout

        with mock.patch.object(fetcher, "connect", connect):
            self.assert_ends("http://id.example/")
        self.assertEqual(len(given), 2)
        self.assertLessEqual(given[0], 0.15)

    def test_slow_lookups_end_on_time_and_starve_nobody(self):
        answering = threading.Event()
        self.addCleanup(answering.set)

        def resolve(host, port):
            if host == "slow.example":
                answering.wait()
            return self.resolve(host, port)

        self.names["slow.example"] = [PUBLIC]
        with mock.patch.object(fetcher, "resolve", resolve):
            for _ in range(20):
                with fetcher.step(0.01):
                    self.assertRaises(FetchTimedOut, self.fetch, "http://slow.example/")
            self.assertEqual(self.fetch(self.server.origin + "/").status, 404)
        self.assertNotIn(PUBLIC, self.connections)

    def test_lookups_are_bounded_and_given_back(self):
        answering = threading.Event()

        def resolve(host, port):
            answering.wait()
            return [PUBLIC]

        full = threading.BoundedSemaphore(1)
        with mock.patch.object(fetcher, "_lookups", full):
            with mock.patch.object(fetcher, "resolve", resolve):
                self.assert_ends("http://slow.example/")
                self.assertFalse(full.acquire(blocking=False))
                # Nothing is free, so that this one does not even begin.
                self.assert_ends(self.server.origin + "/")
                answering.set()
                self.assertTrue(full.acquire(timeout=PATIENCE))
        self.assertEqual(self.connections, [])

    def test_fetches_of_a_step_share_its_deadline(self):
        with fetcher.step(0.2) as step:
            self.assertIsNone(step.failure)
            self.assertRaises(FetchTimedOut, self.fetch, self.server.origin + "/silent")
            self.assertIsInstance(step.failure, FetchTimedOut)
            self.assertRaises(FetchTimedOut, self.fetch, self.server.origin + "/")
        self.assertEqual(self.server.asked("/"), [])
        # The next step has time of its own.
        self.assertEqual(self.fetch(self.server.origin + "/").status, 404)

    def test_inner_step_does_not_extend_the_outer(self):
        with fetcher.step(0) as outer:
            with fetcher.step(PATIENCE) as inner:
                self.assertRaises(FetchTimedOut, self.fetch, self.server.origin + "/")
            self.assertIsInstance(inner.failure, FetchTimedOut)
            self.assertIsNone(outer.failure)


class WhatIsTakenTests(FetchingCase):
    """So much, plain, and only if it is HTTP."""

    def setUp(self):
        super().setUp()
        self.trust()

    def test_unusable_answers_fail(self):
        for path in (
            "/endless",
            "/tiny-chunks",
            "/continue",
            "/gzip",
            "/broken",
            "/truncated",
        ):
            with self.subTest(path):
                self.assertRaises(FetchFailed, self.fetch, self.server.origin + path)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.trust(origin)
        self.assertRaises(FetchFailed, self.fetch, origin)
        self.assertRaises(FetchFailed, self.fetch, "http://nowhere.example/")
        self.names["empty.example"] = []
        self.assertRaises(FetchFailed, self.fetch, "http://empty.example/")

    def test_size_limit_is_exact(self):
        for size, fits in ((fetcher.LARGEST_BODY, True), (fetcher.LARGEST_BODY + 1, False)):
            with self.subTest(size):
                text = page()
                self.server.answers["/big"] = response(text + " " * (size - len(text)))
                if fits:
                    self.assertIn("op.example", self.fetch(self.server.origin + "/big").body)
                else:
                    self.assertRaises(FetchFailed, self.fetch, self.server.origin + "/big")

    def test_post(self):
        self.server.answers["/openid"] = response("ns:x\nis_valid:true\n<!--\n", "text/plain")
        answer = self.fetch(self.server.origin + "/openid", "openid.mode=check_authentication")
        # Key-value form is not HTML, so that nothing is taken out of it.
        self.assertEqual(answer.body, "ns:x\nis_valid:true\n<!--\n")
        (asked,) = self.server.requests
        self.assertEqual((asked.method, asked.body), ("POST", b"openid.mode=check_authentication"))
        self.assertEqual(asked.headers["content-type"], "application/x-www-form-urlencoded")

    def test_text_is_decoded(self):
        for content, content_type in (
            ("é".encode(), "text/plain; charset=UTF-8"),
            ("é".encode(), 'text/plain; charset="utf-8"'),
            ("é".encode("latin-1"), "text/plain"),
            ("é".encode("latin-1"), "text/plain; charset=utf-8"),
            ("é".encode("latin-1"), "text/plain; charset=punycode"),
        ):
            with self.subTest(content_type, content=content):
                self.server.answers["/kv"] = response(content, content_type, X_Name="Value")
                answer = self.fetch(self.server.origin + "/kv", "")
                self.assertEqual(answer.body, "é")
                self.assertEqual(answer.headers["x-name"], "Value")

    def test_headers_that_cannot_be_sent(self):
        for value in ("a\r\nCookie: b", "ü", None):
            with self.subTest(value):
                with self.assertRaises(FetchFailed):
                    self.fetch(self.server.origin + "/", headers={"Accept": value})
        self.assertEqual(self.server.requests, [])

    def test_library_uses_this_fetcher(self):
        fetcher.install()
        fetcher.install()
        self.server.answers["/me"] = response(page())
        _, (service,) = discover_openid(self.server.origin + "/me")
        self.assertEqual(service.server_url, "http://op.example/")
        with self.assertRaises(fetchers.HTTPFetchingError) as raised:
            fetchers.fetch("http://10.0.0.1/")
        self.assertIsInstance(raised.exception.why, FetchRefused)


class CertificateTests(FetchingCase):
    """TLS proves the name that was typed, although the connection goes to an address."""

    def setUp(self):
        super().setUp()
        self.server = self.enter(HostileServer(tls=True))
        self.names["id.example"] = self.names["other.example"] = [PUBLIC]

    def test_unknown_certificate_is_refused(self):
        self.assertRaises(FetchFailed, self.fetch, "https://id.example/")
        self.assertEqual(self.server.requests, [])

    def test_certificate_has_to_bear_the_name(self):
        knowing = ssl.create_default_context(cadata=CERTIFICATE)
        with mock.patch.object(fetcher, "_tls", lambda: knowing):
            self.assertEqual(self.fetch("https://id.example/").status, 404)
            self.assertRaises(FetchFailed, self.fetch, "https://other.example/")
        self.assertEqual(self.connections, [PUBLIC, PUBLIC])
        self.assertEqual(len(self.server.requests), 1)


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


class DocumentTests(unittest.TestCase):
    """What python3-openid finds stays the same, and it is found in no time."""

    def found(self, text: str):
        """Give the OpenID links and the Yadis location that the library finds in `text`."""
        links = [
            {name: attributes.get(name) for name in ("rel", "href")}
            for attributes in parseLinkAttrs(text)
        ]
        try:
            location = findHTMLMeta(StringIO(text))
        except MetaNotFound:
            location = None
        return [link for link in links if link["rel"] and link["href"]], location

    def test_real_pages_are_read_as_before(self):
        meta = '<meta http-equiv="X-XRDS-Location" content="http://op.example/xrds?a=1&amp;b=2">'
        for text, links in (
            (page(), 1),
            (page(LINK + meta), 1),
            (page(meta), 0),
            (page(LINK.upper().replace("REL=", "rel=").replace("HREF=", "href=")), 1),
            (page(LINK.replace(">", " />")), 1),
            (page("<link rel='openid.server openid2.provider' href='http://op.example/?a=\"'>"), 1),
            (page("<link rel=openid.server href=http://op.example/a/>"), 1),
            (page("<link\n  rel=stylesheet\n  href='/a.css'\n>" + LINK + LINK), 3),
            (page("<link title='a > b' rel='openid.server' href='http://op.example/?a&amp;b'>"), 1),
            (page(f"<!-- {meta} {LINK} -->" + LINK), 1),
            (page(f"<script>var a = '{LINK}'; a<b; '<!--'</script>" + LINK), 1),
            (page(f"<script src='a.js' async></script><![CDATA[ {LINK} ]]>" + LINK), 1),
            (
                page(f"<!--[if IE]><link rel=a href=b><![endif]-->{LINK}<style>a > b {{}}</style>"),
                1,
            ),
            (
                f"<!DOCTYPE html>\n<HTML lang='en'>\n<HEAD profile=''>\n{LINK}{meta}</HEAD></HTML>",
                1,
            ),
            (f"<?xml version='1.0'?><html xmlns='a' xml:lang='b'><head>{LINK}</head></html>", 1),
            (f"<head>{meta}{LINK}</head>", 0),
            (f"<html><head>{LINK}", 1),
            (f"<html><body><p></p>{LINK}{meta}</body></html>", 0),
            (f"<html><head></head><body>{LINK}{meta}</body></html>", 0),
            (f"<html/><head>{LINK}</head>", 0),
            (f"<html><head/>{LINK}</html>", 0),
            (f"<html><header>{LINK}</header></html>", 0),
            (f"<html></html><head>{LINK}</head>", 0),
            ("Just text, 1 < 2", 0),
            ("", 0),
        ):
            with self.subTest(text):
                found = self.found(text)
                self.assertEqual(len(found[0]), links)
                self.assertEqual(self.found(html.for_discovery(text)), found)

    def test_hostile_pages_are_read_in_no_time(self):
        for begin, again, end in (
            ("", "<!--", ""),
            ("", "<!-- --", ""),
            ("", "<script", ""),
            ("", "<script>", ""),
            ("", "<script", ">"),
            ("", "<script></script", ""),
            ("", "<![CDATA[", ""),
            ("", "<![CDATA[]]", ""),
            ("", "<!--<script><![CDATA[", ""),
            ("", "<html", ""),
            ("", "<html ", "/>"),
            ("", "<html>", ""),
            ("<html>", "</html ", ""),
            ("<html></html", " ", ""),
            ("<html>", "<head", ""),
            ("<html>", "<head", "</html>"),
            ("<html>", "<head ", "<head>" + LINK),
            ("<html><head>", "</head", ""),
            ("<html><head>", "<link ", ""),
            ("<html><head>", "<link", ""),
            ("<html><head>", "<link a=", ""),
            ("<html><head>", '<link a="', ""),
            ("<html><head>", "<link a='\"", ""),
            ("<html><head>", '<link x="" y="', ""),
            ("<html><head>", '<link rel=a href="', ""),
            ("<html><head>", "<link rel='<!--' href=b>", ""),
            ("<html><head>", "<link rel=a href=b>", ""),
            ("<html><head>", "<meta http-equiv=a content=b>", ""),
            ("<html><head><link ", "a", ""),
            ("<html><head><link ", "a ", ""),
            ("<html><head><link ", "a=", ""),
            ("<html><head><link ", "a-", "=b>"),
            ("<html><head><link a", " ", "b>"),
            ("<html><head><link a=", "/", ">"),
            ("<html><head><link rel=", "a", " href=b>"),
            ("<html><head><link rel=a href='", "&amp;", "'>"),
            ("<html><head>", "<meta a='", ""),
            ("<html><head>", "<meta content='>", ""),
            ("<html><head><meta http-equiv=X-XRDS-Location content='&#", "9", ";'>"),
            ("<html><head>", "<!", ""),
            ("<html><head>", "<?", ""),
            ("<html><head>", "</", ""),
            ("<html><head>", "<![if", ""),
            ("<html><head>", "&#1", ""),
            ("<html><head>", "<", ""),
            ("", "<!DOCTYPE a [", ""),
        ):
            with self.subTest(begin + again + "…" + end):
                room = fetcher.LARGEST_BODY - len(begin) - len(end)
                text = begin + again * (room // len(again)) + end
                began = time.thread_time()
                OpenIDServiceEndpoint.fromHTML("http://a/", plain := html.for_discovery(text))
                self.found(plain)
                self.assertLess(time.thread_time() - began, 1)

    def test_library_alone_would_stand_still(self):
        """The reason for all this. When the library has learned it, some of this can go."""
        began = time.thread_time()
        parseLinkAttrs(QUADRATIC[:16_000])
        short = time.thread_time() - began
        began = time.thread_time()
        parseLinkAttrs(QUADRATIC[:32_000])
        self.assertGreater(time.thread_time() - began, 2.5 * short)

    def services(self, text: str):
        return OpenIDServiceEndpoint.fromXRDS("http://id.example/", text)

    def test_xrds_is_read_as_before(self):
        for text in (
            xrds(SERVICE),
            xrds(f"<!-- {SERVICE} -->{SERVICE}<?php a ?>"),
            xrds(SERVICE * 12),
            xrds(SERVICE.replace("http://op.example/<", "<![CDATA[http://op.example/?a&b]]><")),
        ):
            with self.subTest(text):
                before = [vars(service) for service in self.services(text)]
                after = [vars(service) for service in self.services(html.for_discovery(text))]
                self.assertTrue(before)
                self.assertEqual(after, before)

    def test_hostile_xrds_is_read_in_no_time(self):
        for text in (
            XML_BOMB,
            # For each URI the library copies the list of all Types: gigabytes.
            xrds("<Service>" + "<URI/>" * 18_000 + "<Type/>" * 18_000 + "</Service>"),
            xrds("<a>" * 36_000 + "</a>" * 36_000),
            xrds("<a " + "".join(f"a{n}='' " for n in range(20_000)) + "/>"),
            # Well-formed XML without an OpenID, which the library then takes for HTML.
            xrds("<?a " + "<!--" * 60_000 + "?>"),
            xrds("<?a <html><head><link " + "a" * 250_000 + " ?>"),
            xrds("<html xmlns=''><head><link " + "a" * 250_000 + "=''/></head></html>"),
            xrds("<html xmlns=''><head><link-" + "a" * 250_000 + "/></head></html>"),
            xrds("<script xmlns=''/>" * 14_000),
            xrds("<Service><URI>" + "a" * 250_000 + "</URI></Service>"),
        ):
            with self.subTest(text[:200]):
                self.assertLessEqual(len(text), fetcher.LARGEST_BODY)
                began = time.thread_time()
                plain = html.for_discovery(text)
                with contextlib.suppress(Exception):
                    self.assertFalse(self.services(plain))
                self.assertEqual(self.found(plain), ([], None))
                self.assertLess(time.thread_time() - began, 1)

    def test_xml_bomb_is_no_openid(self):
        """The library parses XML with defusedxml, which knows entities."""
        with HostileServer() as server:
            app = Flask("bomb")
            app.config.update(
                SITE_URL="http://site.example",
                FETCH_SECONDS=PATIENCE,
                OPENID_TRUSTED_ORIGINS=(server.origin,),
            )
            fetcher.install()
            server.answers["/quick"] = response(xrds(SERVICE), YADIS_CONTENT_TYPE)
            with app.app_context():
                _, services = discover_openid(server.origin + "/quick")
                self.assertEqual(len(services), 1)
                for path in ("/xml-bomb", "/quadratic"):
                    with self.subTest(path):
                        _, services = discover_openid(server.origin + path)
                        self.assertEqual(services, [])


if __name__ == "__main__":
    unittest.main()
