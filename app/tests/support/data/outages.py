"""A site whose database a test may break."""

import contextlib

from app import db
from app.models import SignIn, User
from app.tests.support.base import Browser
from app.tests.support.failures import PAGE, MailCase, reference_of
from app.tests.support.programs.mail import MAIL_SECONDS
from app.tests.support.programs.processes import fresh_database, wait_until


class BrokenCase(MailCase):
    """An application with a database of its own, which these tests may break."""

    def setUp(self):
        super().setUp()
        self.box = self.mail_server()
        self.own = self.failing_app(
            **self.mail, DATABASE_URL=self.database(), CONTACT="me@example.com"
        )
        with self.own.app_context():
            self.settle()

    def database(self) -> str:
        return fresh_database(self)

    def settle(self) -> None:
        user = User.sign_up("https://john.example.com/", "john", None)
        self.post = user.write("hello #world").id
        self.token = SignIn.begin(user.id, "https://john.example.com/")
        self.engine = db.engine

    def john(self) -> Browser:
        browser = Browser(self.own)
        browser.take_sign_in(self.token)
        return browser

    def rename(self, before: str, after: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER TABLE "{before}" RENAME TO "{after}"')

    @contextlib.contextmanager
    def missing(self, table: str):
        self.rename(table, "hidden")
        try:
            yield
        finally:
            self.rename("hidden", table)

    def assert_fails(self, browser: Browser, path: str) -> None:
        browser.get(path)
        self.assertEqual((browser.status, browser.page.heading), (500, PAGE), path)
        self.assertEqual(len(reference_of(browser)), 5)

    def assert_well(self) -> None:
        john = self.john()
        john.get("/")
        self.assertEqual(john.page.heading, "Home")
        answer = Browser(self.own).get("/readyz")
        self.assertEqual((answer.status_code, answer.get_data()), (200, b"ok"))

    def assert_ready_says(self, word: str) -> None:
        answer = Browser(self.own).get("/readyz")
        self.assertEqual((answer.status_code, answer.get_data()), (503, word.encode()))

    def assert_told_once(self) -> None:
        mail = self.failure_mail(self.own)
        self.assertIn("[microblog] 500 ", self.letter(self.box)[1]["Subject"])
        wait_until(
            lambda: not mail.new and not mail.queue.first.letters, MAIL_SECONDS, "all looked at"
        )
        self.assertTrue(self.box.letters.empty())
