"""The two scripts and the other WSGI servers, started as processes and spoken to over sockets."""

import signal
import stat
import sys
import unittest
from pathlib import Path

from app.tests.support.base import JoinMixin
from app.tests.support.programs.mail import MAIL_SECONDS, mail_server
from app.tests.support.programs.processes import (
    START_SECONDS,
    Server,
    copy_of_the_site,
    free_port,
    missing_table,
    site_server,
    unhurried,
    wait_until,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class ProductionServerTests(JoinMixin, unittest.TestCase):
    """runp.py with two workers, and what it leaves in the folder of the site."""

    slow = True

    @classmethod
    def setUpClass(cls):
        cls.mail_box = mail_server(cls)
        cls.folder = copy_of_the_site(cls)
        cls.server = site_server(
            cls,
            cls.folder,
            "runp.py",
            WORKERS="2",
            ADMINS="admin@example.com",
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=str(cls.mail_box.port),
            MAIL_FROM="microblog@example.com",
        ).wait()
        cls.log = cls.folder / "tmp" / "microblog.log"

    def test_it_answers_with_the_sign_in_page(self):
        browser = self.server.browser()
        browser.get("/")
        self.assertEqual((browser.status, browser.path), (200, "/login"))
        self.assertIn("Sign in", browser.page.heading)

    def test_it_prints_its_address(self):
        self.assertIn(self.server.origin, self.server.output)

    def test_it_makes_the_database_beside_config_py_and_the_log_in_tmp(self):
        self.assertTrue((self.folder / "app.db").is_file())
        first = self.log.read_text().splitlines()[0]
        self.assertRegex(
            first,
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO: microblog startup: .* \[in /.+py:\d+\]$",
        )

    def test_the_secret_key_is_for_its_owner_alone(self):
        secret = self.folder / "tmp" / "secret_key"
        self.assertEqual(mode(secret), 0o600)
        self.assertGreaterEqual(len(secret.read_text().strip()), 32)

    def test_a_visitor_signs_up_and_is_remembered_by_both_workers(self):
        browser = self.join("miguel", browser=self.server.browser())
        self.assertEqual((browser.status, browser.page.heading), (200, "Hi, miguel!"))
        # Each is a connection of its own, which either worker may take.
        for _ in range(8):
            browser.get("/")
            self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_a_failure_gives_the_500_page_a_log_entry_and_a_mail(self):
        with missing_table(self.folder, "account"):
            browser = self.server.browser()
            browser.get("/id/nobody-in-particular")
        self.assertEqual(browser.status, 500)
        self.assertEqual(browser.page.heading, "An unexpected error has occurred")
        self.assertIn("The administrator has been told.", browser.page.words)
        for secret in ("Traceback", "no such table", "account", str(self.folder)):
            self.assertNotIn(secret, browser.text)
        letter = self.mail_box.letters.get(timeout=MAIL_SECONDS)
        self.assertEqual(letter.rcpt_tos, ["admin@example.com"])
        self.assertIn(b"no such table", letter.content)
        wait_until(lambda: "no such table" in self.log.read_text(), MAIL_SECONDS, "a log entry")
        self.assertEqual(self.server.browser().get("/id/nobody").status_code, 404)

    def test_the_500_page_needs_neither_the_user_nor_the_sign_in(self):
        browser = self.join("susan", browser=self.server.browser())
        with missing_table(self.folder, "sign_in"):
            browser.get("/")
            self.assertEqual(browser.status, 500)
            self.assertEqual(browser.page.heading, "An unexpected error has occurred")
        self.mail_box.letters.get(timeout=MAIL_SECONDS)
        browser.get("/")
        self.assertEqual(browser.page.heading, "Hi, susan!")


class OneWorkerTests(JoinMixin, unittest.TestCase):
    """runp.py with one worker, which has to answer itself while it asks, and started again."""

    slow = True

    def test_it_answers_its_own_discovery_and_keeps_everything_over_a_restart(self):
        folder = copy_of_the_site(self)
        server = site_server(self, folder, "runp.py", WORKERS="1").wait()
        browser = self.join("miguel", browser=server.browser())
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        secret = (folder / "tmp" / "secret_key").read_bytes()
        server.stop(signal.SIGTERM)

        site_server(self, folder, "runp.py", WORKERS="1", port=server.port).wait()
        self.assertEqual((folder / "tmp" / "secret_key").read_bytes(), secret)
        browser.get("/")
        self.assertEqual(browser.page.heading, "Hi, miguel!")


class DevelopmentServerTests(unittest.TestCase):
    """run.py: debug on."""

    slow = True

    def test_a_failure_shows_the_interactive_debugger_and_mails_nobody(self):
        folder = copy_of_the_site(self)
        mail_box = mail_server(self)
        server = site_server(
            self,
            folder,
            "run.py",
            ADMINS="admin@example.com",
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=str(mail_box.port),
        ).wait()
        self.assertIn(server.origin, server.output)
        with missing_table(folder, "account"):
            browser = server.browser()
            browser.get("/id/nobody")
        self.assertEqual(browser.status, 500)
        self.assertIn("Werkzeug Debugger", browser.text)
        self.assertIn("no such table", browser.text)
        # The page that the debugger asks for its console is there as well.
        self.assertEqual(
            browser.get("/?__debugger__=yes&cmd=resource&f=debugger.js").status_code, 200
        )
        server.stop(signal.SIGTERM)
        self.assertTrue(mail_box.letters.empty())
        self.assertFalse((folder / "tmp" / "microblog.log").exists())


class StoppingTests(unittest.TestCase):
    """Ctrl-C, and SIGTERM as a supervisor sends it, leave no process behind.

    The tests above end run.py and runp.py with SIGTERM when they are done, and those of
    shutdown.py all servers, right after a failure.
    """

    slow = True

    def test_ctrl_c_ends_run_py_gunicorn_and_waitress(self):
        folder = copy_of_the_site(self)
        servers = {}
        for name, command in {
            "run.py": ("run.py",),
            "gunicorn": ("-m", "gunicorn", "-b", "127.0.0.1:{port}", "runp:app"),
            "waitress": ("-m", "waitress", "--listen=127.0.0.1:{port}", "runp:app"),
        }.items():
            port = free_port()
            command = [part.format(port=port) for part in command]
            servers[name] = Server(self, sys.executable, *command, port=port, cwd=folder)
        # They start side by side, which takes less time than one after the other.
        for name, server in servers.items():
            with self.subTest(server=name):
                server.wait().stop(signal.SIGINT, whole_group=True)
                with self.assertRaises(OSError):
                    server.browser().get("/login")

    def test_sigterm_ends_runp_while_its_workers_are_still_starting(self):
        folder = copy_of_the_site(self)
        server = site_server(self, folder, "runp.py", WORKERS="2")
        main = server.process.pid
        children = Path(f"/proc/{main}/task/{main}/children")
        if not children.exists():
            self.skipTest("tells the moment by /proc, which is Linux's")
        wait_until(
            lambda: len(children.read_text().split()) == 2, START_SECONDS, "two workers", server
        )
        server.stop(signal.SIGTERM)

    def test_ctrl_c_lets_the_workers_of_runp_end_by_themselves(self):
        # A worker that has to be killed loses what it still has to send or to write. Granian
        # tells of it with a warning.
        folder = copy_of_the_site(self)
        server = site_server(self, folder, "runp.py", WORKERS="3", **unhurried(folder)).wait()
        log = server.folder / "tmp" / "microblog.log"
        wait_until(
            lambda: log.read_text().count("microblog startup") == 4,
            START_SECONDS,
            "three workers",
            server,
        )
        server.stop(signal.SIGINT, whole_group=True)
        self.assertNotIn("Killing", server.output)
