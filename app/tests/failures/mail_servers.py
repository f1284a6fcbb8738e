"""Mail servers that are well guarded, down, slow, refuse or drop, and nobody who waits for them."""

import logging
import os
import ssl
import subprocess
import threading
from unittest import mock

from aiosmtpd.smtp import AuthResult

from app.mail import letters, smtp
from app.tests.support.base import Browser
from app.tests.support.failures import PAGE, MailCase
from app.tests.support.programs.mail import MAIL_SECONDS, MailBox, Tarpit, mail_settings
from app.tests.support.programs.processes import free_port, require


def letter(config: dict):
    return letters.letter(config, config["ADMINS"], "subject", "text")


class BadMailBox(MailBox):
    """Answers `reply` to a letter as long as there is one, or hangs up when that is empty."""

    reply: str | None = "451 Try again later"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.reply == "":
            server.transport.abort()
        return self.reply or await super().handle_DATA(server, session, envelope)


class MailServerTests(MailCase):
    slow = True

    def meet_bad_server(self, reply: str, **changes):
        box = BadMailBox()
        box.reply = reply
        self.mail_server(box)
        app = self.failing_app(**self.mail, **changes)
        reference = self.meet_failure(app)
        return app, box, reference

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

    def test_one_that_refuses_or_drops_is_one_warning_and_gets_the_mail_later(self):
        for reply, words in (("451 No", "451"), ("", "SMTPServerDisconnected")):
            with self.subTest(reply=reply):
                app, box, reference = self.meet_bad_server(reply)
                # A number alone may stand in other entries, such as that of a port.
                warnings = [w for w in self.entries("mail was not sent") if reference in w]
                self.assertEqual(len(warnings), 1)
                self.assertIn(words, warnings[0])
                self.assertIn("WARNING: mail was not sent, tried again in", warnings[0])
                box.reply = None
                self.hurry(app)
                self.assertIn(reference, self.letter(box)[1]["Subject"])
                # The failure's own entry stands once, and nothing failed about the failing.
                self.assertEqual(len(self.entries("Exception on /fail")), 1)
                self.log_path.unlink()

    def test_the_visitor_does_not_wait_for_a_tarpit(self):
        self.enterContext(mock.patch.object(smtp, "MAIL_SECONDS", MAIL_SECONDS))
        tarpit = Tarpit(self)
        app = self.failing_app(**mail_settings(tarpit.port))
        self.meet_failure(app)
        self.assertTrue(tarpit.is_met.wait(MAIL_SECONDS))
        for number in range(10):
            self.meet_failure(app, f"/fail/{number}")
        # The conversation goes on all the while.
        self.assertFalse(tarpit.is_left.is_set())
        self.assertEqual(len(self.entries("Exception on", 11)), 11)
        self.assertNotIn("WARNING: mail", "\n".join(self.log()))

    def test_a_tarpit_is_left_when_the_time_is_up_however_often_it_says_something(self):
        for piece in (b"2", b"220-and\r\n"):
            with self.subTest(piece):
                tarpit = Tarpit(self, piece)
                config = self.failing_app(**mail_settings(tarpit.port)).config
                # Otherwise this would never end.
                with self.assertRaisesRegex(TimeoutError, "took too long"):
                    smtp.send(
                        config,
                        letters.letter(config, config["ADMINS"], "subject", "text"),
                        seconds=0.5,
                    )

    def test_the_thread_is_one_and_made_by_the_first_failure(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)

        def threads():
            return [t for t in threading.enumerate() if t.name == "mail" and t.is_alive()]

        before = len(threads())
        for _ in range(3):
            self.meet_failure(app)
        self.letter(box)
        self.assertEqual(len(threads()), before + 1)

    def test_it_signs_in_when_a_username_is_set(self):
        given = []

        def authenticator(server, session, envelope, mechanism, data):
            given.append((data.login, data.password))
            return AuthResult(success=True)

        box = self.mail_server(
            authenticator=authenticator, auth_required=True, auth_require_tls=False
        )
        names = {"MAIL_USERNAME": "microblog", "MAIL_PASSWORD": "Mail-Pass-Word"}
        self.meet_failure(self.failing_app(**self.mail, **names))
        self.letter(box)
        self.assertEqual(given, [(b"microblog", b"Mail-Pass-Word")])

    def test_a_process_that_ends_sends_what_waits_or_logs_that_it_could_not(self):
        tarpit = Tarpit(self)
        for port, told in ((tarpit.port, True), (None, False)):
            with self.subTest(tarpit=told):
                box = None if told else self.mail_server()
                app = (
                    self.failing_app(**mail_settings(port), MAIL_FINISH_SECONDS=1)
                    if told
                    else self.failing_app(**self.mail)
                )
                references = [self.meet_failure(app, f"/fail/{n}") for n in range(2)]
                # It ends by itself, for the tarpit never does.
                self.failure_mail(app).queue.finish()
                if told:
                    warnings = "\n".join(self.entries("before the end of the process"))
                    # Both are of one kind: the first letter, and the count of the rest.
                    self.assertTrue(any(reference in warnings for reference in references))
                else:
                    self.assertIn("/fail/", self.letter(box)[1]["Subject"])


class EncryptedMailTests(MailCase):
    """MAIL_SECURITY: a certificate that nobody vouches for gets no mail."""

    def setUp(self):
        require("openssl", packages="openssl")
        super().setUp()
        # What the mail server here thinks of clients that turn away.
        quiet = mock.patch.object(logging.getLogger("mail.log"), "disabled", True)
        self.addCleanup(quiet.stop)
        quiet.start()
        self.certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "2"]
            + ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
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
            warnings = self.entries("CERTIFICATE_VERIFY_FAILED", number)
            self.assertEqual(len(warnings), number)
            self.assertIn("WARNING", warnings[-1])
            self.assertTrue(box.letters.empty())

    def test_a_certificate_for_another_name_is_refused(self):
        self.name = {"MAIL_SERVER": "127.0.0.1"}
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.certificate)):
            for number, box in enumerate(self.each_way(), start=1):
                self.assertEqual(len(self.entries("CERTIFICATE_VERIFY_FAILED", number)), number)
                self.assertTrue(box.letters.empty())

    def test_an_encrypted_tarpit_is_left_when_the_time_is_up(self):
        tarpit = Tarpit(self, context=self.context)
        encrypted = {**mail_settings(tarpit.port), **self.name, "MAIL_SECURITY": "tls"}
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.certificate)):
            config = self.failing_app(**encrypted).config
            with self.assertRaisesRegex(TimeoutError, "took too long"):
                smtp.send(
                    config, letters.letter(config, config["ADMINS"], "subject", "text"), seconds=0.5
                )

    def test_a_verified_one_gets_the_mail(self):
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.certificate)):
            for box in self.each_way():
                self.assertIn("deliberately", self.letter(box)[1].get_content())
