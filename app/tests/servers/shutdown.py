"""SIGTERM right after a failure: its mail is sent, or logged as unsent, before the end."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import unittest
from collections.abc import Callable

from app import create_app, db
from app.tests.support.base import settings
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
    environment,
    free_port,
    missing_table,
    temporary_folder,
    unhurried,
    wait_until,
)
from config import basedir

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
        """Send all of them the signal to end, do `then`, and wait until they have ended."""
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


# With debug on, run.py mails nothing; this is how it serves, with debug off.
RUN_PY = """
import app, flask, runpy
create_app, serve = app.create_app, flask.Flask.run
app.create_app = lambda debug: create_app()
flask.Flask.run = lambda self, *address, debug: serve(self, *address)
runpy.run_path("run.py", run_name="__main__")
"""


class SigtermTests(StoppedServerTests):
    servers = {
        "flask run": ("-m", "flask", "--app", "runp", "run", "--port={port}"),
        "waitress": ("-m", "waitress", "--listen=127.0.0.1:{port}", "runp:app"),
        "run.py with debug off": ("-c", RUN_PY),
    }

    def run_python(self, program: str) -> subprocess.CompletedProcess:
        home = temporary_folder(self)
        return subprocess.run(
            [sys.executable, "-c", "import os, signal\n" + program],
            env=environment(home, PYTHONPATH=str(basedir)),
            capture_output=True,
            text=True,
        )

    def test_a_handler_that_is_there_is_left_alone(self):
        done = self.run_python(
            "signal.signal(signal.SIGTERM, lambda *_: print('its own'))\n"
            "from app.shutdown import end_on_sigterm\n"
            "end_on_sigterm()\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "print('goes on')"
        )
        self.assertEqual((done.returncode, done.stdout), (0, "its own\ngoes on\n"), done.stderr)

    def test_a_second_signal_ends_it_at_once(self):
        done = self.run_python(
            "import atexit\n"
            "from app.shutdown import end_on_sigterm\n"
            "end_on_sigterm()\n"
            "atexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "print('not reached')"
        )
        self.assertEqual((done.returncode, done.stdout), (-signal.SIGTERM, ""), done.stderr)

    def test_an_application_by_itself_changes_no_handler(self):
        before = signal.getsignal(signal.SIGTERM)
        app = create_app(**settings())
        with app.app_context():
            db.engine.dispose()
        self.assertIs(signal.getsignal(signal.SIGTERM), before)
