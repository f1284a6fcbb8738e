"""How a failure reaches the administrator by mail, and what the mail may not tell."""

import logging
import os
from urllib.parse import urlencode

from flask import abort
from sqlalchemy.exc import IntegrityError

from app import db
from app.models import User
from app.tests.support.base import SITE, Browser, settings
from app.tests.support.failures import PAGE, MailCase
from app.tests.support.programs.processes import free_port
from config import VERSION


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
        browser.post("/twice", {"nickname": "Typed-By-Someone"})
        self.assertEqual(browser.status, 500)
        _, letter = self.letter(box)
        for where in (letter.get_content(), "\n".join(self.log())):
            self.assertIn("IntegrityError", where)
            self.assertNotIn("typed-by-someone", where.lower())

    def test_details_of_a_row_are_cut_from_every_database_error(self):
        app = self.failing_app()
        with app.app_context():
            with self.assertRaises(IntegrityError) as caught:
                for _ in range(2):
                    db.session.add(User(nickname="Typed-By-Someone"))
                    db.session.flush()
            db.session.rollback()
        error = caught.exception
        for text in (str(error), str(error.orig), repr(error.args), repr(error.orig.args)):
            self.assertIn("nickname_key", text)
            self.assertNotIn("typed-by-someone", text.lower())

    def test_an_exception_that_quotes_what_was_sent_tells_none_of_it(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail, MAIL_PASSWORD="Mail-Pass-Word")
        values = ("Tr0ub4dor&3 ü", "https://john.example/?openid.sig=abcdef", "two\r\nlines")
        for number, value in enumerate(values, start=1):
            with self.subTest(value=value):
                browser = Browser(app)
                if number == 2:
                    browser.get("/repeat?" + urlencode({"value": value, "openid.sig": "gh+ij"}))
                else:
                    browser.post("/repeat", {"value": value})
                self.assertEqual(browser.status, 500)
                self.entries("/repeat", number)
                for part in ("Tr0ub4dor", "john.example", "openid.sig", "abcdef", "lines"):
                    self.assertNotIn(part, "\n".join(self.log()))
        with app.test_request_context():
            app.logger.error("keys: %s %s", app.config["SECRET_KEY"], "Mail-Pass-Word")
        texts = [self.letter(box)[1].get_content() for _ in range(2)]
        for text in (*texts, "\n".join(self.log())):
            self.assertIn("[hidden]", text)
            for part in (*values, "Tr0ub4dor", app.config["SECRET_KEY"], "Mail-Pass-Word"):
                self.assertNotIn(part, text)

    def test_page_log_and_mail_have_one_reference(self):
        box = self.mail_server()
        reference = self.meet_failure(self.failing_app(**self.mail), "/fail/a?password=Tr0ub4dor")
        self.assertRegex(reference, "^[34679CFHJKMNPRTVWXY]{5}$")
        _, letter = self.letter(box)
        subject = f"[microblog] 500 ZeroDivisionError at GET /fail/a (ref {reference})"
        self.assertEqual(letter["Subject"], subject)
        self.assertIn(f"ref {reference}", self.entries("/fail/a")[0])
        self.assertNotIn("Tr0ub4dor", letter.as_string() + "\n".join(self.log()))

    def test_its_first_lines_say_what_where_who_when_how_often_which_version_and_process(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        john = User.sign_up("https://john.example.com/", "john", None)
        browser = Browser(app)
        browser.sign_in(john)
        browser.get("/fail/x")
        _, letter = self.letter(box)
        lines = [line.partition(":") for line in letter.get_content().splitlines()[:7]]
        told = {name: value.strip() for name, _, value in lines}
        self.assertEqual(told["What"], "ZeroDivisionError: deliberately")
        self.assertEqual(told["Where"], f"GET {SITE}/fail/x (endpoint fail)")
        self.assertEqual(told["Who"], f"user {john.id}, john")
        self.assertRegex(told["When"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
        self.assertEqual(told["How often"], "once since the last mail about it")
        self.assertEqual(told["Version"], VERSION)
        self.assertIn(str(os.getpid()), told["Process"])
        self.assertEqual(letter["Auto-Submitted"], "auto-generated")
        self.assertEqual(letter.get_content_charset(), "utf-8")
        for name in ("Message-ID", "Date"):
            self.assertTrue(letter[name], name)
        self.assertIn(f"user {john.id}, from 127.0.0.1)", self.entries("/fail/x")[0])

    def test_nothing_in_an_address_makes_a_second_header_or_a_long_subject(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        self.meet_failure(app, "/fail/a%0D%0ABcc: other@example.com%0A" + "b" * 500)
        envelope, letter = self.letter(box)
        self.assertEqual(len(envelope.rcpt_tos), 2)
        self.assertIsNone(letter["Bcc"])
        self.assertTrue(letter["Subject"].isprintable())
        self.assertLess(len(letter["Subject"]), 200)

    def test_a_500_without_an_exception_is_told_as_well(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)

        @app.get("/abort")
        def give_up():
            abort(500)

        reference = self.meet_failure(app, "/abort")
        self.assertIn(f"(ref {reference})", self.letter(box)[1]["Subject"])
        self.assertIn(reference, self.entries("/abort")[0])

    def test_flask_mail_test_says_what_the_server_answered(self):
        box = self.mail_server()
        result = self.run_command("mail", "test", app=self.failing_app(**self.mail))
        self.assertEqual(result.exit_code, 0)
        self.assertIn(f"127.0.0.1:{self.mail['MAIL_PORT']} answered: 250 OK", result.output)
        self.assertEqual(self.letter(box)[1]["Subject"], "[microblog] test")
        for changes, words in (
            ({"MAIL_PORT": str(free_port())}, "refused"),
            ({"ADMINS": ""}, "ADMINS is empty"),
        ):
            with self.subTest(words):
                app = self.failing_app(**{**self.mail, **changes})
                result = self.run_command("mail", "test", app=app)
                self.assertEqual(result.exit_code, 1)
                self.assertIn(words, result.output)

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

    def test_one_that_comes_when_the_end_has_begun_is_logged_as_unsent(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        self.meet_failure(app)
        self.letter(box)
        app.extensions["mail"].finish()
        reference = self.meet_failure(app)
        lines = self.entries("not sent before the end of the process")
        self.assertEqual(len(lines), 1)
        self.assertIn(reference, lines[0])
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
