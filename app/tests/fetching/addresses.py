"""Where fetching what a visitor typed may go."""

import os
import ssl
from unittest import mock

import httpcore
from openid import fetchers
from openid.consumer.discover import discover as discover_openid

from app.openid import fetcher, network
from app.openid.network import FetchFailed, FetchRefused
from app.tests.support.openid.fetching import OTHER_PUBLIC, PUBLIC, RESOLVE, FetchingCase, page
from app.tests.support.openid.hostile import CERTIFICATE, HostileServer, response


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
            f"http://{PUBLIC}/{'a' * network.MAX_URL}",
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
                self.assertFalse([address for address in found if network.is_public(address)])

    def test_public_addresses(self):
        for address in (PUBLIC, OTHER_PUBLIC, "1.1.1.1", "64:ff9b::808:808"):
            with self.subTest(address):
                self.assertTrue(network.is_public(address))
        for address in ("fe80::1%eth0", "2606:2800:21f::1%1", "nonsense", ""):
            with self.subTest(address):
                self.assertFalse(network.is_public(address))

    def test_international_name_is_looked_up_in_ascii(self):
        self.names["xn--bcher-kva.example"] = [PUBLIC]
        self.assertEqual(self.fetch("http://bücher.example/é?ü=1").status, 404)
        (asked,) = self.server.requests
        self.assertEqual(asked.path, "/%C3%A9?%C3%BC=1")
        self.assertEqual(asked.headers["host"], "xn--bcher-kva.example")

    def test_one_private_address_among_public_ones_is_enough(self):
        self.names["id.example"] = [PUBLIC, "10.0.0.1", OTHER_PUBLIC]
        self.assertRaises(FetchRefused, self.fetch, "http://id.example/")
        self.assertEqual(self.connections, [])

    def test_name_that_changes_its_mind(self):
        """DNS rebinding: what is connected to is what was looked up, and that only once."""
        answers = iter([[PUBLIC], ["127.0.0.1"]])
        with mock.patch.object(network, "resolve", lambda *_: next(answers)):
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

        with mock.patch.object(network, "connect", connect):
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
        with mock.patch.object(network, "_tls", lambda: knowing):
            self.assertEqual(self.fetch("https://id.example/").status, 404)
            self.assertRaises(FetchFailed, self.fetch, "https://other.example/")
        self.assertEqual(self.connections, [PUBLIC, PUBLIC])
        self.assertEqual(len(self.server.requests), 1)
