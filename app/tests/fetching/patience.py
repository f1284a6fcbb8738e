"""Visitors whose provider never answers hold up nobody but themselves, and not for long."""

import itertools
import threading
import unittest

from app.openid.fetcher import MAX_FETCHING
from app.openid.relying_party import PROBLEMS
from app.tests.support.openid.hostile import FOR_EVER, HostileServer
from app.tests.support.programs.processes import (
    START_SECONDS,
    Server,
    copy_of_the_site,
    fresh_database,
    site_server,
    unhurried,
    wait_until,
)

# Addresses that take all the time there is, and those that soon have sent too much.
SLOW = ["/silent", "/slow-headers", "/slow-body"]
LARGE = ["/endless", "/tiny-chunks"]
# Those who come when as many wait as may.
LATE = 12
# What others read meanwhile.
PAGES = 21


class SlowSignInsTests(unittest.TestCase):
    slow = True

    def serve(self, seconds: float) -> tuple[Server, HostileServer]:
        """Start the site, where a step of a sign-in may take so long, and who makes it slow."""
        slow = self.enterContext(HostileServer())
        folder = copy_of_the_site(self)
        server = site_server(
            self,
            folder,
            "runp.py",
            WORKERS="1",
            DATABASE_URL=fresh_database(self),
            OPENID_TRUSTED_ORIGINS=slow.origin,
            RATELIMIT_ENABLED="off",
            **unhurried(folder, FETCH_SECONDS=seconds),
        ).wait()
        self.outcomes: list[tuple] = []
        return server, slow

    def begin(self, server: Server, paths: list[str], origin: str) -> list[threading.Thread]:
        """Let a visitor for each path sign in with an OpenID there, all at once."""

        def sign_in(path: str) -> None:
            browser = server.browser()
            browser.get("/login")
            browser.submit(openid=origin + path)
            self.outcomes.append((path, browser.status, browser.page.alerts))

        threads = [threading.Thread(target=sign_in, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        return threads

    def assert_told(self, count: int) -> None:
        self.assertEqual(len(self.outcomes), count)
        expected = {PROBLEMS[name] for name in ("no_answer", "not_found", "not_openid")}
        for path, status, alerts in self.outcomes:
            with self.subTest(path):
                self.assertEqual((status, len(alerts)), (400, 1))
                self.assertLessEqual(set(alerts), expected)

    def test_others_are_served_meanwhile(self):
        server, slow = self.serve(seconds=2 * FOR_EVER)

        def asked() -> int:
            return sum(len(slow.asked(path)) for path in SLOW)

        paths = list(itertools.islice(itertools.cycle(SLOW), MAX_FETCHING))
        waiting = self.begin(server, paths, slow.origin)
        wait_until(lambda: asked() == MAX_FETCHING, START_SECONDS, "everybody waiting", server)
        for thread in self.begin(server, ["/silent"] * LATE, slow.origin):
            thread.join()
        for _ in range(PAGES):
            self.assertEqual(server.browser().get("/login").status_code, 200)
        # Had these waited for one of the others, that would have ended.
        self.assertEqual([told for *_, told in self.outcomes], [[PROBLEMS["busy"]]] * LATE)
        self.assertEqual(asked(), MAX_FETCHING)
        self.outcomes.clear()
        slow.let_go()
        for thread in waiting:
            thread.join()
        self.assert_told(MAX_FETCHING)

    def test_each_ends_although_its_provider_does_not(self):
        server, slow = self.serve(seconds=1)
        for thread in self.begin(server, SLOW, slow.origin):
            thread.join()
        self.assert_told(len(SLOW))
        self.assertEqual({alert for *_, [alert] in self.outcomes}, {PROBLEMS["no_answer"]})

    def test_what_is_too_large_ends_too(self):
        server, slow = self.serve(seconds=2 * FOR_EVER)
        paths = list(itertools.islice(itertools.cycle(LARGE), MAX_FETCHING))
        for thread in self.begin(server, paths, slow.origin):
            thread.join()
        self.assert_told(MAX_FETCHING)
