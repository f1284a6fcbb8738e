"""What is counted for Prometheus, and who may read it."""

import ipaddress
import os
import re
import signal
import threading
import unittest

from app.tests.servers.crowds import workers
from app.tests.support.base import PASSWORD, SITE, TestCase
from app.tests.support.programs.mail import mail_settings
from app.tests.support.programs.processes import (
    START_SECONDS,
    copy_of_the_site,
    free_port,
    missing_table,
    site_server,
    wait_until,
)


class MetricsCountingTests(unittest.TestCase):
    slow = True

    def setUp(self):
        self.folder = copy_of_the_site(self)
        # It waits for ever: nobody listens there.
        mail = mail_settings(free_port())
        self.server = site_server(self, self.folder, "runp.py", METRICS="127.0.0.1", **mail).wait()
        self.browser = self.server.browser()

    def text(self) -> str:
        return self.server.browser().get("/metrics").get_data()

    def value(self, name: str) -> float:
        """Return the sum of all series that are called so."""
        found = re.findall(rf"(?m)^microblog_{name}(?:{{[^}}]*}})? (\S+)$", self.text())
        return sum(map(float, found))

    def counting_workers(self) -> set[int]:
        # Their parent counts what its start took.
        serving = {*workers(self.server)} - {self.server.process.pid}
        files = self.folder.glob("tmp/metrics/*/counter_*.db")
        return {int(path.stem.partition("_")[2]) for path in files} & serving

    def test_all_processes_count_together_and_a_dead_one_s_counts_stay(self):
        browser = self.browser
        browser.get("/openid/join")
        browser.submit(username="miguel", password=PASSWORD)
        browser.get("/login")
        browser.submit(openid=f"{self.server.origin}/id/miguel")
        for number in range(3):
            browser.get("/")
            browser.submit(post=f"post {number}")
            self.assertEqual(browser.page.statuses, ["Your post is live."])
        browser.get("/")
        browser.submit(post="")
        self.assertEqual((self.value("sign_ins_total"), self.value("posts_total")), (1, 3))
        self.assertEqual(self.value("failures_total"), 0)

        def ask_all() -> bool:
            # One at a time, all might be answered by the same process.
            browsers = [self.server.browser() for _ in range(20)]
            asking = [threading.Thread(target=b.get, args=("/nowhere",)) for b in browsers]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            return len(self.counting_workers()) == 2

        wait_until(ask_all, START_SECONDS, "both processes have counted", self.server)
        before = self.value("requests_total")
        for _ in range(20):
            self.assertEqual(self.server.browser().get("/nowhere").status_code, 404)
        # What asks is counted as well, when it is answered.
        self.assertEqual(self.value("requests_total"), before + 21)
        text = self.text()
        self.assertRegex(text, r'requests_total{endpoint="none",status="404"} [2-9]\d')
        self.assertRegex(text, r'request_seconds_bucket{endpoint="posts.write",le="10.0"} 4.0')
        self.assertGreater(self.value("database_statement_seconds_count"), 20)
        self.assertGreater(self.value("database_connection_seconds_count"), 20)
        # Nobody's name, and nothing that was typed.
        self.assertNotIn("miguel", text)
        self.assertNotIn("nowhere", text)

        with missing_table(self.folder, "account"):
            self.assertEqual(self.server.browser().get("/id/nobody").status_code, 500)
        self.assertEqual(self.value("failures_total"), 1)
        wait_until(lambda: self.value("mail_queue") == 1, START_SECONDS, "a letter that waits")
        before = self.value("requests_total")
        for process_id in self.counting_workers():
            os.kill(process_id, signal.SIGKILL)
        self.server.wait()
        self.assertGreaterEqual(self.value("requests_total"), before)
        self.assertEqual((self.value("posts_total"), self.value("mail_queue")), (3, 0))

    def test_a_process_that_has_only_begun_spoils_nothing(self):
        [own] = self.folder.glob("tmp/metrics/*")
        # So its file stands until the process makes room in it.
        (own / "counter_1.db").touch()
        self.assertGreater(self.value("requests_total"), 0)

    def test_a_start_clears_what_servers_before_have_left(self):
        old = self.folder / "tmp" / "metrics"
        self.assertEqual(len(list(old.iterdir())), 1)
        self.server.stop(signal.SIGTERM)
        site_server(self, self.folder, "runp.py", METRICS="127.0.0.1").wait()
        self.assertEqual(len(list(old.iterdir())), 1)
        self.assertEqual({path.stat().st_mode & 0o77 for path in old.iterdir()}, {0})


class WhoMayReadTests(TestCase):
    def status(self, peer: str, path: str = "/metrics", proxies: int = 0, **headers: str) -> int:
        app = self.make_app(PROXY_COUNT=str(proxies))
        # The counts themselves are a process's own.
        networks = tuple(map(ipaddress.ip_network, ("127.0.0.1", "10.1.0.0/16")))
        app.config["METRICS"] = networks if self.on else ()
        app.extensions["metrics"] = self
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        environ = {"REMOTE_ADDR": peer}
        client = app.test_client()
        return client.get(path, base_url=SITE, environ_base=environ, headers=names).status_code

    on = True

    def text(self) -> bytes:
        return b"microblog_requests_total 1.0\n"

    def test_nobody_unless_it_is_set(self):
        self.on = False
        self.assertEqual(self.status("127.0.0.1"), 404)

    def test_only_those_named(self):
        for peer, status in (
            ("127.0.0.1", 200),
            ("10.1.2.3", 200),
            ("10.2.0.1", 404),
            ("::1", 404),
            ("203.0.113.9", 404),
            ("", 404),
            ("nonsense", 404),
        ):
            with self.subTest(peer):
                self.assertEqual(self.status(peer), status)

    def test_nobody_gets_in_by_what_a_request_says_of_itself(self):
        for peer, proxies, forwarded, status in (
            # A proxy of this machine, of which PROXY_COUNT knows nothing, speaks for anybody.
            ("127.0.0.1", 0, "203.0.113.9", 404),
            ("127.0.0.1", 0, "127.0.0.1", 404),
            ("127.0.0.1", 1, "203.0.113.9", 404),
            ("203.0.113.9", 1, "127.0.0.1", 404),
            ("127.0.0.1", 1, "127.0.0.1, 203.0.113.9", 404),
            ("127.0.0.1", 1, "203.0.113.9, 10.1.0.1", 200),
        ):
            with self.subTest(peer=peer, proxies=proxies, forwarded=forwarded):
                found = self.status(peer, proxies=proxies, X_Forwarded_For=forwarded)
                self.assertEqual(found, status)
        self.assertEqual(self.status("127.0.0.1", Host="10.0.0.7:5000"), 200)
        self.assertEqual(self.status("127.0.0.1", Host="evil.example"), 400)
