"""SIGTERM right after a failure: its mail is sent, or logged as unsent, before the end."""

import asyncio
import contextlib
import http.client
import signal
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from aiosmtpd.controller import Controller

from app.tests.failure_base import Tarpit, mail_settings, reference_of
from app.tests.hostile import HostileServer
from app.tests.processes import START_SECONDS, Server, copy_of_the_site, free_port, wait_until
from app.tests.servers import MailBox, missing_table

GUNICORN = ("-m", "gunicorn", "--bind=127.0.0.1:{port}", "runp:app")
SERVERS = {
    "granian": ("runp.py",),
    "gunicorn": GUNICORN,
    # Here the application is made before the workers are forked.
    "gunicorn preloaded": (*GUNICORN[:2], "--workers=2", "--preload", *GUNICORN[2:]),
}


class SlowMailBox(MailBox):
    """Takes its time with each letter, so that the process is told to end meanwhile."""

    async def handle_DATA(self, server, session, envelope) -> str:
        await asyncio.sleep(1)
        return await super().handle_DATA(server, session, envelope)


class StoppedServerTests(unittest.TestCase):
    slow = True
    servers = SERVERS
    mail_box = SlowMailBox
    letters_each = 1

    def start(self, command: tuple[str, ...], mail_port: int, **changes) -> Server:
        folder = copy_of_the_site(self)
        port = free_port()
        parts = [part.format(port=port) for part in command]
        values = {**mail_settings(mail_port), **changes}
        server = Server(self, sys.executable, *parts, port=port, cwd=folder, **values)
        server.folder = folder
        return server

    def meet_failure(self, server: Server) -> str:
        browser = server.wait().browser()
        with missing_table(server.folder, "account"):
            browser.get("/id/nobody")
        self.assertEqual(browser.status, 500)
        return reference_of(browser)

    def stop(self, servers: dict[str, Server]) -> None:
        # Side by side, for some take seconds.
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.stop(signal.SIGTERM), servers.values()))

    def log_of(self, server: Server) -> str:
        return (server.folder / "tmp" / "microblog.log").read_text()

    def test_the_mail_server_still_gets_it(self):
        box = self.mail_box()
        controller = Controller(box, hostname="127.0.0.1", port=free_port())
        controller.start()
        self.addCleanup(controller.stop)
        servers = {name: self.start(c, controller.port) for name, c in self.servers.items()}
        for server in servers.values():
            server.wait()
        references = {name: self.meet_failure(server) for name, server in servers.items()}
        self.stop(servers)
        letters = [box.letters.get_nowait().content for _ in range(box.letters.qsize())]
        self.assertEqual(len(letters), len(servers) * self.letters_each)
        for name, reference in references.items():
            with self.subTest(server=name):
                self.assertTrue(any(reference.encode() in letter for letter in letters))
                self.assertIn(reference, self.log_of(servers[name]))
                self.assertNotIn("mail was not sent", self.log_of(servers[name]))
                self.assertEqual(servers[name].process.returncode, 0)

    def test_one_that_cannot_be_sent_is_in_the_log(self):
        tarpit = Tarpit(self)
        servers = {name: self.start(c, tarpit.port) for name, c in self.servers.items()}
        references = {name: self.meet_failure(server) for name, server in servers.items()}
        self.stop(servers)
        for name, reference in references.items():
            with self.subTest(server=name):
                log = self.log_of(servers[name])
                lines = [line for line in log.splitlines() if "before the end of the proc" in line]
                self.assertEqual(len(lines), self.letters_each, log)
                self.assertEqual(sum(reference in line for line in lines), 1, log)


class WaitingRequestTests(StoppedServerTests):
    """The same while a request waits for a provider, longer than its process may live on."""

    servers = {"granian": SERVERS["granian"]}
    mail_box = MailBox
    letters_each = 2

    def meet_failure(self, server: Server) -> str:
        # The first is mailed at once, and the second would wait for a quarter of an hour.
        super().meet_failure(server)
        return super().meet_failure(server)

    def start(self, command: tuple[str, ...], mail_port: int) -> Server:
        self.provider = HostileServer()
        self.provider.__enter__()
        self.addCleanup(self.provider.__exit__, None, None, None)
        trusted = self.provider.origin
        return super().start(command, mail_port, WORKERS="1", OPENID_TRUSTED_ORIGINS=trusted)

    def stop(self, servers: dict[str, Server]) -> None:
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
        server.stop(signal.SIGTERM)
