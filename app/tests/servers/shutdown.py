"""SIGTERM right after a failure: its mail is sent, or logged as unsent, before the end."""

import contextlib
import http.client
import os
import signal
import sys
import threading
import unittest
from collections.abc import Callable

from app.tests.support.failures import reference_of
from app.tests.support.openid.hostile import FOR_EVER, HostileServer
from app.tests.support.programs.mail import (
    MAIL_SECONDS,
    MailBox,
    SlowMailBox,
    Tarpit,
    mail_server,
    mail_settings,
)
from app.tests.support.programs.processes import (
    START_SECONDS,
    STOP_SECONDS,
    Server,
    copy_of_the_site,
    free_port,
    missing_table,
    unhurried,
    wait_until,
)

GUNICORN = ("-m", "gunicorn", "--bind=127.0.0.1:{port}", "runp:app")
SERVERS = {
    "granian": ("runp.py",),
    "gunicorn": GUNICORN,
    # Here the application is made before the workers are forked.
    "gunicorn preloaded": (*GUNICORN[:2], "--workers=2", "--preload", *GUNICORN[2:]),
}


class StoppedServerTests(unittest.TestCase):
    slow = True
    servers = SERVERS
    mail_box = SlowMailBox
    letters_each = 1

    # Settings of theirs that the environment reaches, and that it does not.
    settings: dict[str, str] = {}
    fixed: dict[str, object] = {}

    def start(self, command: tuple[str, ...], mail_port: int, **fixed) -> Server:
        folder = copy_of_the_site(self)
        port = free_port()
        parts = [part.format(port=port) for part in command]
        values = {**mail_settings(mail_port), **self.settings}
        own_time = unhurried(folder, **self.fixed, **fixed)
        server = Server(self, sys.executable, *parts, port=port, cwd=folder, **values, **own_time)
        server.folder = folder
        return server

    def meet_failure(self, server: Server) -> str:
        browser = server.wait().browser()
        with missing_table(server.folder, "account"):
            browser.get("/id/nobody")
        self.assertEqual(browser.status, 500)
        return reference_of(browser)

    def stop(self, servers: dict[str, Server], is_told: Callable[[], bool], then=None) -> None:
        """Tell all of them to end, do `then`, and wait until they have ended."""
        for server in servers.values():
            os.kill(server.process.pid, signal.SIGTERM)
        if then:
            then()
        for name, server in servers.items():
            wait_until(lambda s=server: not s.is_running(), STOP_SECONDS, f"{name} gone", server)
        self.assertTrue(is_told())

    def log_of(self, server: Server) -> str:
        return (server.folder / "tmp" / "microblog.log").read_text()

    def test_the_mail_server_still_gets_it(self):
        box = mail_server(self, self.mail_box())
        servers = {name: self.start(c, box.port) for name, c in self.servers.items()}
        for server in servers.values():
            server.wait()
        references = {name: self.meet_failure(server) for name, server in servers.items()}
        count = len(servers) * self.letters_each
        self.stop(servers, lambda: box.letters.qsize() == count, getattr(box, "go_on", None))
        letters = box.taken()
        for name, reference in references.items():
            with self.subTest(server=name):
                self.assertTrue(any(reference in letter for letter in letters))
                self.assertIn(reference, self.log_of(servers[name]))
                self.assertNotIn("mail was not sent", self.log_of(servers[name]))
                self.assertEqual(servers[name].process.returncode, 0)

    def test_one_that_cannot_be_sent_is_in_the_log(self):
        tarpit = Tarpit(self)
        # The mail thread gives up long before anybody is killed.
        soon = {"MAIL_FINISH_SECONDS": 1}
        servers = {name: self.start(c, tarpit.port, **soon) for name, c in self.servers.items()}
        references = {name: self.meet_failure(server) for name, server in servers.items()}

        def unsent(server: Server) -> list[str]:
            lines = self.log_of(server).splitlines()
            return [line for line in lines if "before the end of the proc" in line]

        counts = dict.fromkeys(servers, self.letters_each)
        self.stop(servers, lambda: {n: len(unsent(s)) for n, s in servers.items()} == counts)
        for name, reference in references.items():
            with self.subTest(server=name):
                lines = unsent(servers[name])
                self.assertEqual(sum(reference in line for line in lines), 1, lines)


class WaitingRequestTests(StoppedServerTests):
    """The same while a request waits for a provider, longer than its process may live on."""

    servers = {"granian": SERVERS["granian"]}
    mail_box = MailBox
    letters_each = 2
    fixed = {"FETCH_SECONDS": 2 * FOR_EVER}

    def setUp(self):
        self.provider = self.enterContext(HostileServer())
        self.settings = {"WORKERS": "1", "OPENID_TRUSTED_ORIGINS": self.provider.origin}

    def meet_failure(self, server: Server) -> str:
        # The first is mailed at once, and the second would wait for a quarter of an hour.
        super().meet_failure(server)
        return super().meet_failure(server)

    def stop(self, servers: dict[str, Server], is_told: Callable[[], bool], then=None) -> None:
        (server,) = servers.values()
        browser = server.browser()
        browser.get("/login")

        def sign_in() -> None:
            # It ends with its server, if not before.
            with contextlib.suppress(OSError, http.client.HTTPException):
                browser.submit(openid=self.provider.origin + "/silent")

        visitor = threading.Thread(target=sign_in)
        visitor.start()
        self.addCleanup(visitor.join)
        wait_until(lambda: self.provider.asked("/silent"), START_SECONDS, "the request", server)
        os.kill(server.process.pid, signal.SIGTERM)
        wait_until(is_told, MAIL_SECONDS, "all of it told", server)
        # The request waits all the while.
        self.assertTrue(visitor.is_alive())
        self.provider.let_go()
        wait_until(lambda: not server.is_running(), STOP_SECONDS, "every process gone", server)
