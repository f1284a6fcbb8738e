"""SIGTERM right after a failure: its mail is sent, or logged as unsent, before the end."""

import asyncio
import signal
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from aiosmtpd.controller import Controller

from app.tests.failure_base import Tarpit, mail_settings, reference_of
from app.tests.processes import Server, copy_of_the_site, free_port
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

    def start(self, command: tuple[str, ...], mail_port: int) -> Server:
        folder = copy_of_the_site(self)
        port = free_port()
        parts = [part.format(port=port) for part in command]
        server = Server(
            self, sys.executable, *parts, port=port, cwd=folder, **mail_settings(mail_port)
        )
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

    def test_a_slow_mail_server_still_gets_it(self):
        box = SlowMailBox()
        controller = Controller(box, hostname="127.0.0.1", port=free_port())
        controller.start()
        self.addCleanup(controller.stop)
        servers = {name: self.start(c, controller.port) for name, c in self.servers.items()}
        for server in servers.values():
            server.wait()
        references = {name: self.meet_failure(server) for name, server in servers.items()}
        self.stop(servers)
        letters = [box.letters.get_nowait().content for _ in range(box.letters.qsize())]
        self.assertEqual(len(letters), len(servers))
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
                self.assertEqual(len(lines), 1, log)
                self.assertIn(reference, lines[0])
