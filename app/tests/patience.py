"""Visitors whose provider never answers hold up nobody but themselves, and not for long."""

import itertools
import threading
import time
import unittest

from app.openid.relying_party import PROBLEMS
from app.tests.hostile import HostileServer
from app.tests.processes import alter, copy_of_the_site, fresh_database, site_server, wait_until

# Addresses that take all the time there is, and those that soon have sent too much.
SLOW = ["/silent", "/slow-headers", "/slow-body"]
LARGE = ["/endless", "/tiny-chunks"] * 4
VISITORS = 20
# What others read meanwhile.
PAGES = 21
# What a step may take here, where the site's own deadline is longer; and some more for
# the pages on a slow machine.
FETCH_SECONDS = 5.0
MARGIN_SECONDS = 4


class TwentySlowSignInsTests(unittest.TestCase):
    slow = True

    def test_others_are_served_and_each_ends_in_time_with_a_sentence(self):
        slow = HostileServer()
        slow.__enter__()
        self.addCleanup(slow.__exit__, None, None, None)
        folder = copy_of_the_site(self)
        alter(folder / "config.py", '"FETCH_SECONDS": 8.0', f'"FETCH_SECONDS": {FETCH_SECONDS}')
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

        paths = list(itertools.islice(itertools.cycle(SLOW), VISITORS))
        threads = [threading.Thread(target=sign_in, args=(path,)) for path in paths + LARGE]
        for thread in threads:
            thread.start()
        wait_until(lambda: asked() >= VISITORS, FETCH_SECONDS, "everybody at the provider")
        for _ in range(PAGES):
            self.assertEqual(server.browser().get("/login").status_code, 200)
        # Had the pages waited for one of them, that would have ended.
        self.assertFalse([path for path, *_ in outcomes if path in SLOW])
        for thread in threads:
            thread.join()
        self.assertEqual(len(outcomes), len(threads))
        expected = {PROBLEMS["no_answer"], PROBLEMS["not_found"]}
        for _, seconds, status, alerts in outcomes:
            self.assertLess(seconds, FETCH_SECONDS + MARGIN_SECONDS)
            self.assertEqual(status, 400)
            self.assertLessEqual(set(alerts), expected)
            self.assertEqual(len(alerts), 1)
