"""How a failure reaches the administrator: by mail and in the log, and what neither may tell."""

import contextlib
import io
import logging
import os
import re
import shutil
import ssl
import stat
import subprocess
import unittest
from email import message_from_bytes, policy
from unittest import mock

from aiosmtpd.controller import Controller

from app import create_app, db
from app.database import upgrade
from app.extensions import csrf
from app.failures import LONGEST_LOG, OLD_LOGS
from app.models import User
from app.tests.base import SITE, Browser, TestCase, settings
from app.tests.processes import free_port, temporary_folder, wait_until
from app.tests.servers import MAIL_SECONDS, MailBox

PAGE = "An unexpected error has occurred"
ENTRY = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR): .* \[in /.+\.py:\d+\]$"
)


class FailureCase(TestCase):
    """An application of its own, with debug off and routes that fail."""

    # The loggers belong to the process: what the suite's other applications have there
    # is put aside.
    LOGGERS = ("app", "openid")

    def setUp(self):
        super().setUp()
        self.folder = temporary_folder(self)
        self.log_path = self.folder / "microblog.log"
        for name in self.LOGGERS:
            self.put_aside(logging.getLogger(name))

    def put_aside(self, logger: logging.Logger) -> None:
        kept, level = logger.handlers[:], logger.level
        logger.handlers.clear()

        def put_back():
            for handler in logger.handlers:
                handler.close()
            logger.handlers[:] = kept
            logger.setLevel(level)

        self.addCleanup(put_back)

    def failing_app(self, debug: bool = False, **changes):
        values = settings(LOG_FILE=str(self.log_path), TESTING=False, PROPAGATE_EXCEPTIONS=False)
        app = create_app(debug, **{**values, **changes})
        upgrade(app)

        @app.route("/fail", methods=["GET", "POST"])
        @app.route("/fail/<text>")
        @csrf.exempt
        def fail(text=""):
            raise ZeroDivisionError("deliberately")

        @app.get("/half-written")
        def half_written():
            db.session.add(User(nickname="half-written"))
            db.session.flush()
            raise ZeroDivisionError("deliberately")

        @app.get("/say/<text>")
        def say(text):
            raise ValueError(text)

        @app.get("/twice/<nickname>")
        def twice(nickname):
            for _ in range(2):
                db.session.add(User(nickname=nickname))
                db.session.flush()

        with app.app_context():
            self.addCleanup(db.engine.dispose)
        return app

    def log(self) -> list[str]:
        return self.log_path.read_text(encoding="utf-8").splitlines()

    def entries(self, word: str) -> list[str]:
        """Give the entries of the log with `word`, once there are any."""

        def find():
            return [line for line in self.log() if word in line and not line.startswith(" ")]

        wait_until(find, MAIL_SECONDS, f"{word} in the log")
        return find()


class MailCase(FailureCase):
    def mail_server(self, **options) -> MailBox:
        """Run a mail server; its settings are those of the next application."""
        box = MailBox()
        controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        self.addCleanup(controller.stop)
        self.mail = {
            "ADMINS": "admin@example.com, second@example.com",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(controller.port),
            "MAIL_FROM": "microblog@example.com",
        }
        return box

    def letter(self, box: MailBox):
        envelope = box.letters.get(timeout=MAIL_SECONDS)
        return envelope, message_from_bytes(envelope.content, policy=policy.default)


class FailureMailTests(MailCase):
    def test_a_failure_is_one_mail_with_the_traceback_from_mail_from_to_admins(self):
        box = self.mail_server()
        browser = Browser(self.failing_app(**self.mail))
        browser.get("/fail")
        self.assertEqual((browser.status, browser.page.heading), (500, PAGE))
        envelope, letter = self.letter(box)
        self.assertEqual(envelope.mail_from, "microblog@example.com")
        self.assertEqual(envelope.rcpt_tos, ["admin@example.com", "second@example.com"])
        self.assertEqual(letter["From"], "microblog@example.com")
        self.assertEqual(letter["To"], "admin@example.com, second@example.com")
        text = letter.get_content()
        for part in ("/fail", "Traceback (most recent call last)", "ZeroDivisionError: deliber"):
            self.assertIn(part, text)
        self.assertTrue(box.letters.empty())

    def test_it_tells_no_cookie_no_form_value_and_no_token(self):
        box = self.mail_server()
        browser = Browser(self.failing_app(**self.mail))
        browser.get("/login")
        token, cookie = browser.token(), browser.cookie("session").value
        typed = {"csrf_token": token, "password": "Tr0ub4dor", "about_me": "quite private"}
        browser.post("/fail", typed)
        self.assertEqual(browser.status, 500)
        envelope, _ = self.letter(box)
        secrets = (token, cookie, "Tr0ub4dor", "quite private", settings()["SECRET_KEY"])
        for where in (envelope.content.decode(), "\n".join(self.log())):
            self.assertIn("ZeroDivisionError", where)
            for secret in secrets:
                self.assertNotIn(secret, where)

    def test_a_statement_that_fails_tells_no_value_of_it(self):
        box = self.mail_server()
        browser = Browser(self.failing_app(**self.mail))
        # In the path only so that the route has it; what is looked for is the statement's.
        with mock.patch("flask.app.Flask.log_exception", self.log_without_the_path):
            browser.get("/twice/Typed-By-Someone")
        self.assertEqual(browser.status, 500)
        _, letter = self.letter(box)
        self.assertIn("IntegrityError", letter.get_content())
        self.assertNotIn("typed-by-someone", letter.get_content().lower())

    @staticmethod
    def log_without_the_path(app, exc_info):
        app.logger.error("Exception", exc_info=exc_info)

    def test_the_page_says_so_only_if_the_administrator_was_told(self):
        self.mail_server()
        sentence = "The administrator has been told."
        for admins, says in (("admin@example.com", True), ("", False)):
            with self.subTest(admins=admins):
                app = self.failing_app(**{**self.mail, "ADMINS": admins})
                browser = Browser(app)
                browser.get("/fail")
                self.assertEqual((browser.status, browser.page.heading), (500, PAGE))
                self.assertEqual(sentence in browser.page.words, says)
        self.assertIn("ADMINS", self.entries("WARNING")[0])

    def test_the_page_reveals_nothing(self):
        browser = Browser(self.failing_app())
        browser.get("/fail")
        for part in ("ZeroDivisionError", "deliberately", "Traceback", ".py"):
            self.assertNotIn(part, browser.text)

    def test_what_was_half_written_is_rolled_back(self):
        app = self.failing_app()
        with app.app_context():
            # In one context, as Flask lends it, so that only the page itself can end this.
            answer = app.test_client().get("/half-written", base_url=SITE)
            self.assertEqual(answer.status_code, 500)
            self.assertFalse(db.session().in_transaction())
        self.assertEqual(self.count(User), 0)

    def test_a_dead_mail_server_is_a_line_in_the_log_and_nothing_else(self):
        app = self.failing_app(
            ADMINS="admin@example.com", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(free_port())
        )
        browser = Browser(app)
        browser.get("/fail")
        self.assertEqual((browser.status, browser.page.heading), (500, PAGE))
        warnings = self.entries("WARNING")
        self.assertEqual(len(warnings), 1)
        self.assertIn("mail was not sent", warnings[0])
        self.assertIn("refused", warnings[0])

    def test_what_is_no_failure_is_no_mail(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        browser = Browser(app)
        for url in ("/nowhere", "/login", "/"):
            browser.get(url)
        app.logger.warning("only a warning")
        browser.get("/fail")
        self.assertIn("/fail", self.letter(box)[1].get_content())
        self.assertTrue(box.letters.empty())

    def test_with_debug_on_there_is_neither_mail_nor_log(self):
        box = self.mail_server()
        app = self.failing_app(debug=True, **self.mail)
        browser = Browser(app)
        with self.assertLogs("app", logging.ERROR):
            browser.get("/fail")
        self.assertEqual(browser.status, 500)
        self.assertTrue(box.letters.empty())
        self.assertFalse(self.log_path.exists())
        self.assertNotIn("The administrator has been told.", browser.page.words)


@unittest.skipUnless(shutil.which("openssl"), "makes its certificate with openssl")
class EncryptedMailTests(MailCase):
    """MAIL_SECURITY: a certificate that nobody vouches for gets no mail."""

    def setUp(self):
        super().setUp()
        # What the mail server here thinks of clients that turn away.
        quiet = mock.patch.object(logging.getLogger("mail.log"), "disabled", True)
        self.addCleanup(quiet.stop)
        quiet.start()
        self.certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
            + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
            + ["-keyout", str(key), "-out", str(self.certificate)],
            check=True,
            capture_output=True,
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        # The name is looked up before the address, so that the certificate can fit.
        self.name = {"MAIL_SERVER": "localhost"}

    def each_way(self):
        for security, options in (
            ("starttls", {"tls_context": self.context, "require_starttls": True}),
            ("tls", {"ssl_context": self.context}),
        ):
            box = self.mail_server(**options)
            app = self.failing_app(**{**self.mail, **self.name, "MAIL_SECURITY": security})
            with self.subTest(security=security):
                browser = Browser(app)
                browser.get("/fail")
                self.assertEqual((browser.status, browser.page.heading), (500, PAGE))
                yield box

    def test_an_unverified_certificate_is_refused(self):
        for number, box in enumerate(self.each_way(), start=1):
            warnings = self.entries("CERTIFICATE_VERIFY_FAILED")
            self.assertEqual(len(warnings), number)
            self.assertIn("WARNING", warnings[-1])
            self.assertTrue(box.letters.empty())

    def test_a_certificate_for_another_name_is_refused(self):
        self.name = {"MAIL_SERVER": "127.0.0.1"}
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.certificate)):
            for number, box in enumerate(self.each_way(), start=1):
                self.assertEqual(len(self.entries("CERTIFICATE_VERIFY_FAILED")), number)
                self.assertTrue(box.letters.empty())

    def test_a_verified_one_gets_the_mail(self):
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.certificate)):
            for box in self.each_way():
                self.assertIn("deliberately", self.letter(box)[1].get_content())


class LogTests(FailureCase):
    def test_it_begins_with_the_start_and_every_entry_has_the_format(self):
        browser = Browser(self.failing_app())
        browser.get("/fail")
        lines = self.log()
        self.assertIn(" INFO: microblog startup [in ", lines[0])
        for line in lines:
            if not line.startswith("    "):
                self.assertRegex(line, ENTRY)
        self.assertIn("    ZeroDivisionError: deliberately", lines)

    def test_it_rotates_at_one_megabyte_and_keeps_ten_for_their_owner_alone(self):
        app = self.failing_app()
        line = "x" * (LONGEST_LOG // 16)
        for number in range(16 * (OLD_LOGS + 3)):
            app.logger.info("%d %s", number, line)
        logs = {path.name: path.stat() for path in self.folder.glob("microblog.log*")}
        expected = {"microblog.log", *(f"microblog.log.{n}" for n in range(1, 11))}
        self.assertEqual(set(logs), expected)
        for name, found in logs.items():
            with self.subTest(log=name):
                # The entry that fills it is still in it.
                self.assertLessEqual(found.st_size, 1024 * 1024 + len(line) + 1000)
                self.assertEqual(stat.S_IMODE(found.st_mode), 0o600)
        # The newest entry is in the newest file.
        self.assertIn(f" {number} x", self.log()[-1])

    def test_a_line_break_in_an_address_makes_no_entry(self):
        app = self.failing_app()
        browser = Browser(app)
        for mark in ("%0A", "%0D", "%0D%0A", "%C2%85", "%E2%80%A8", "%0B", "%0C", "%1B%5B2K"):
            with self.subTest(mark=mark):
                browser.get(f"/fail/a{mark}ERROR: forged")
                # Just what a terminal or a reader of lines would make of it.
                for line in self.log():
                    self.assertFalse(line.startswith("ERROR: forged"), line)
                    self.assertTrue(line.isprintable(), repr(line))
        self.assertEqual(len(self.entries("ERROR: forged")), 8)

    def test_a_line_break_in_an_exception_makes_no_entry(self):
        app = self.failing_app()
        browser = Browser(app)
        for mark in ("%0A", "%0D", "%E2%80%A8", "%1B%5B2K"):
            with self.subTest(mark=mark):
                browser.get(f"/say/a{mark}ERROR: forged")
                for line in self.log():
                    self.assertFalse(line.startswith("ERROR: forged"), line)
                    self.assertTrue(line.isprintable(), repr(line))

    def test_a_dash_logs_to_standard_output_only(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            app = self.failing_app(LOG_FILE="-")
        Browser(app).get("/fail")
        lines = output.getvalue().splitlines()
        self.assertIn("microblog startup", lines[0])
        self.assertIn("    ZeroDivisionError: deliberately", lines)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_restart_adds_to_it(self):
        self.failing_app()
        self.failing_app()
        self.assertEqual(len(self.entries("microblog startup")), 2)

    def test_two_applications_in_a_process_do_not_log_everything_twice(self):
        self.failing_app()
        app = self.failing_app()
        app.logger.info("only once")
        self.assertEqual(len(self.entries("only once")), 1)
