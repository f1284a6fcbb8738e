"""How long fetching waits, and how much it takes."""

import contextlib
import socket
import threading
from unittest import mock

import httpcore
from openid import fetchers
from openid.consumer.discover import discover as discover_openid

from app.openid import fetcher, network
from app.openid.network import FetchBusy, FetchFailed, FetchRefused, FetchTimedOut
from app.tests.support.openid.fetching import OTHER_PUBLIC, PATIENCE, PUBLIC, FetchingCase, page
from app.tests.support.openid.hostile import response


class DeadlineTests(FetchingCase):
    """One deadline covers everything, however slowly it comes."""

    def setUp(self):
        super().setUp()
        self.trust()

    def test_slow_servers_end_on_time(self):
        for path in ("/silent", "/slow-headers", "/slow-body"):
            with self.subTest(path):
                self.assert_times_out(self.server.origin + path)
                # Nothing is asked again; on a slow machine, time is over before it is asked once.
                self.assertLessEqual(len(self.server.asked(path)), 1)

    def test_slow_handshake_ends_on_time(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            origin = f"https://127.0.0.1:{silent.getsockname()[1]}"
            self.trust(origin)
            self.assert_times_out(origin + "/")

    def test_slow_connection_shares_the_time_with_other_addresses(self):
        self.names["id.example"] = [OTHER_PUBLIC, PUBLIC]
        given = []

        def connect(address, port, timeout):
            given.append(timeout)
            raise httpcore.ConnectTimeout

        with mock.patch.object(network, "connect", connect):
            self.assert_times_out("http://id.example/", PATIENCE)
        self.assertEqual(len(given), 2)
        self.assertLessEqual(given[0], PATIENCE / 2)

    def test_slow_lookups_end_on_time_and_starve_nobody(self):
        answering = threading.Event()
        self.addCleanup(answering.set)

        def resolve(host, port):
            if host == "slow.example":
                answering.wait()
            return self.resolve(host, port)

        self.names["slow.example"] = [PUBLIC]
        with mock.patch.object(network, "resolve", resolve):
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
        with mock.patch.object(network, "_lookups", full):
            with mock.patch.object(network, "resolve", resolve):
                self.assert_times_out("http://slow.example/", 1)
                self.assertFalse(full.acquire(blocking=False))
                # Nothing is free, so that this one does not even begin.
                self.assert_times_out(self.server.origin + "/")
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

    def test_own_pages_are_not_asked_when_time_is_over(self):
        with fetcher.step(0):
            self.assertRaises(FetchTimedOut, self.fetch, "http://site.example/")


class SlotTests(FetchingCase):
    """So many steps of a process wait for other sites at once, and no more."""

    def setUp(self):
        super().setUp()
        self.trust()
        self.slots = threading.BoundedSemaphore(1)
        self.enter(mock.patch.object(fetcher, "_slots", self.slots))

    def is_free(self) -> bool:
        if free := self.slots.acquire(blocking=False):
            self.slots.release()
        return free

    def test_a_step_keeps_its_slot_until_it_ends_however_it_ends(self):
        for path in ("/", "/broken"):
            with fetcher.step():
                self.assertTrue(self.is_free())
                for _ in range(2):
                    with contextlib.suppress(FetchFailed):
                        self.fetch(self.server.origin + path)
                    self.assertFalse(self.is_free())
            self.assertTrue(self.is_free())
        # A fetch by itself is a step of its own.
        self.fetch(self.server.origin + "/")
        self.assertTrue(self.is_free())

    def test_without_one_nothing_is_asked_but_this_site_itself(self):
        self.assertTrue(self.slots.acquire(blocking=False))
        asked = len(self.server.requests)
        with fetcher.step() as step:
            self.assertRaises(FetchBusy, self.fetch, self.server.origin + "/")
            self.assertIsInstance(step.failure, FetchBusy)
            self.assertEqual(self.fetch("http://site.example/").status, 404)
        self.assertEqual(len(self.server.requests), asked)
        self.assertFalse(self.is_free())
        self.slots.release()
        self.assertEqual(self.fetch(self.server.origin + "/").status, 404)


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
        for size, fits in ((network.MAX_BODY, True), (network.MAX_BODY + 1, False)):
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
