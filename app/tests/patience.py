"""Visitors whose provider never answers hold up nobody but themselves, and not for long."""

import itertools
import threading
import time
import unittest

from app.openid.fetcher import MAX_FETCHING
from app.openid.relying_party import PROBLEMS
from app.tests.hostile import HostileServer
from app.tests.processes import copy_of_the_site, fresh_database, site_server, wait_until

# Addresses that take all the time there is, and those that soon have sent too much.
SLOW = ["/silent", "/slow-headers", "/slow-body"]
LARGE = ["/endless", "/tiny-chunks"]
# Those who come when as many wait as may.
LATE = 12
# What others read meanwhile.
PAGES = 21
# What a step may take, and some more for the pages on a slow machine.
FETCH_SECONDS = 8.0
MARGIN_SECONDS = 4


class SlowSignInsTests(unittest.TestCase):
    slow = True

    def test_others_are_served_and_each_ends_in_time_with_a_sentence(self):
        slow = HostileServer()
        slow.__enter__()
        self.addCleanup(slow.__exit__, None, None, None)
        folder = copy_of_the_site(self)
        server = site_server(
            self,
            folder,
            "runp.py",
            WORKERS="1",
            DATABASE_URL=fresh_database(self),
            OPENID_TRUSTED_ORIGINS=slow.origin,
            RATELIMIT_ENABLED="off",
        ).wait()
        outcomes = []

        def sign_in(path: str) -> None:
            browser = server.browser()
            browser.get("/login")
            began = time.monotonic()
            browser.submit(openid=slow.origin + path)
            outcomes.append((path, time.monotonic() - began, browser.status, browser.page.alerts))

        def asked() -> int:
            return sum(len(slow.asked(path)) for path in SLOW)

        def visit(paths) -> list[threading.Thread]:
            threads = [threading.Thread(target=sign_in, args=(path,)) for path in paths]
            for thread in threads:
                thread.start()
            return threads

        waiting = visit(itertools.islice(itertools.cycle(SLOW), MAX_FETCHING))
        wait_until(lambda: asked() >= MAX_FETCHING, FETCH_SECONDS, "everybody at the provider")
        for thread in visit(["/silent"] * LATE):
            thread.join()
        for _ in range(PAGES):
            self.assertEqual(server.browser().get("/login").status_code, 200)
        # Had these waited for one of the others, that would have ended.
        self.assertEqual([alerts for *_, alerts in outcomes], [[PROBLEMS["busy"]]] * LATE)
        for thread in waiting:
            thread.join()
        self.assertEqual(asked(), MAX_FETCHING)
        for thread in visit(itertools.islice(itertools.cycle(LARGE), MAX_FETCHING)):
            thread.join()
        self.assertEqual(len(outcomes), LATE + 2 * MAX_FETCHING)
        expected = {PROBLEMS["no_answer"], PROBLEMS["not_found"]}
        for _, seconds, status, alerts in outcomes[LATE:]:
            self.assertLess(seconds, FETCH_SECONDS + MARGIN_SECONDS)
            self.assertEqual(status, 400)
            self.assertLessEqual(set(alerts), expected)
            self.assertEqual(len(alerts), 1)
