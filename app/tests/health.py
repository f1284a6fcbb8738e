"""What supervisors ask, and a database that is broken for a while."""

import shutil
import sqlite3
from unittest import mock

import sqlalchemy as sa

from app import db
from app.extensions import limiter
from app.models import SignIn, User
from app.tests.base import SITE, Browser
from app.tests.failure_base import PAGE, MailCase, reference_of
from app.tests.processes import TEST_SERVER, fresh_database, wait_until
from app.tests.servers import MAIL_SECONDS

PAGES = ("/", "/index", "/user/john", "/edit", "/nowhere", "/login", "/openid", "/logout")


class BrokenCase(MailCase):
    """An application with a database of its own, which these tests may break."""

    def setUp(self):
        super().setUp()
        self.box = self.mail_server()
        self.own = self.failing_app(**self.mail, DATABASE_URL=fresh_database(self))
        with self.own.app_context():
            user = User.sign_up("https://john.example.com/", "john", None)
            self.token = SignIn.begin(user, "https://john.example.com/")
            self.engine = db.engine

    def john(self) -> Browser:
        browser = Browser(self.own)
        with browser.client.session_transaction(base_url=SITE) as session:
            session["_user_id"] = self.token
        return browser

    def assert_broken(self) -> None:
        john, stranger = self.john(), Browser(self.own)
        for path in PAGES:
            with self.subTest(path):
                john.get(path)
                self.assertEqual((john.status, john.page.heading), (500, PAGE))
                self.assertEqual(len(reference_of(john)), 5)
        # A page that an anonymous visitor gets without any query is not broken.
        stranger.get("/id/john")
        self.assertEqual((stranger.status, stranger.page.heading), (500, PAGE))
        self.assertEqual(stranger.get("/healthz").get_data(), b"ok")

    def assert_well(self) -> None:
        john = self.john()
        john.get("/")
        self.assertEqual(john.page.heading, "Hi, john!")
        answer = Browser(self.own).get("/readyz")
        self.assertEqual((answer.status_code, answer.get_data()), (200, b"ok"))

    def assert_ready_says(self, word: str) -> None:
        answer = Browser(self.own).get("/readyz")
        self.assertEqual((answer.status_code, answer.get_data()), (503, word.encode()))

    def assert_told_once(self) -> None:
        mail = next(h for h in self.own.logger.handlers if hasattr(h, "finish"))
        self.assertIn("[microblog] 500 ", self.letter(self.box)[1]["Subject"])
        wait_until(lambda: not mail.new and not mail.letters, MAIL_SECONDS, "all looked at")
        self.assertTrue(self.box.letters.empty())


class BrokenDatabaseTests(BrokenCase):
    def rename(self, before: str, after: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER TABLE "{before}" RENAME TO "{after}"')

    def test_a_table_that_is_missing_is_told_once_and_the_site_recovers(self):
        self.assert_well()
        self.rename("sign_in", "hidden")
        john = self.john()
        for path in PAGES:
            john.get(path)
            self.assertEqual((john.status, john.page.heading), (500, PAGE), path)
            self.assertEqual(len(reference_of(john)), 5)
        self.assert_told_once()
        self.rename("hidden", "sign_in")
        self.assert_well()

    def test_a_database_that_does_not_answer_is_told_once_and_the_site_recovers(self):
        self.assert_well()
        if TEST_SERVER:
            name = self.engine.url.database
            admin = sa.create_engine(TEST_SERVER, isolation_level="AUTOCOMMIT")
            self.addCleanup(admin.dispose)
            with admin.connect() as connection:
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
                connection.exec_driver_sql(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    f"WHERE datname = '{name}'"
                )
            self.assert_broken()
            self.assert_ready_says("database")
            self.assert_told_once()
            with admin.connect() as connection:
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        else:
            path = self.engine.url.database
            shutil.move(path, path + ".away")
            self.assert_broken()
            self.assert_ready_says("database")
            self.assert_told_once()
            # Nothing may have been made in its place.
            shutil.move(path + ".away", path)
        self.assert_well()

    def test_what_is_written_while_the_file_is_away_is_not_lost_in_silence(self):
        if TEST_SERVER:
            self.skipTest("is about SQLite's file")
        john = self.john()
        john.get("/")
        path = self.engine.url.database
        shutil.move(path, path + ".away")
        john.submit(post="into the void")
        self.assertEqual(john.status, 500)
        shutil.move(path + ".away", path)
        john.get("/")
        self.assertNotIn("into the void", john.text)
        john.submit(post="and here")
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT body FROM post").fetchall()
        connection.close()
        self.assertEqual(rows, [("and here",)])

    def test_a_session_that_cannot_be_rolled_back_is_no_second_failure(self):
        with mock.patch.object(db.session, "rollback", side_effect=sa.exc.OperationalError):
            stranger = Browser(self.own)
            stranger.get("/fail")
        self.assertEqual((stranger.status, stranger.page.heading), (500, PAGE))
        self.entries("could not be rolled back")
        self.assert_well()

    def test_a_failure_whose_user_could_not_be_read_says_so(self):
        self.rename("sign_in", "hidden")
        self.john().get("/")
        self.assertIn("Who:       somebody signed in", self.letter(self.box)[1].get_content())


class HealthTests(BrokenCase):
    def test_both_say_ok_and_make_neither_session_nor_entry_nor_query(self):
        john = self.john()
        before = self.log()
        with self.own.app_context(), mock.patch.object(SignIn, "user_of") as user_of:
            for path in ("/healthz", "/readyz"):
                answer = john.get(path)
                self.assertEqual((answer.status_code, answer.get_data()), (200, b"ok"))
                self.assertEqual(answer.mimetype, "text/plain")
                self.assertNotIn("Set-Cookie", answer.headers)
                self.assertEqual(answer.headers["Cache-Control"], "no-store")
            user_of.assert_not_called()
        self.assertEqual(self.log(), before)

    def test_an_old_migration_is_one_word(self):
        with self.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
        self.assert_ready_says("migration")
        self.assertEqual(Browser(self.own).get("/healthz").get_data(), b"ok")

    def test_there_is_no_limit(self):
        app = self.failing_app(RATELIMIT_ENABLED="on")
        self.addCleanup(setattr, limiter, "enabled", False)
        browser = Browser(app)
        # More than the endpoint of machines allows.
        statuses = [browser.get("/healthz").status_code for _ in range(700)]
        self.assertEqual(set(statuses), {200})

    def test_they_answer_under_the_site_s_own_name_alone(self):
        app = self.failing_app(SITE_URL="https://blog.example.com")
        answer = app.test_client().get("/healthz", base_url="http://10.0.0.1/")
        self.assertEqual(answer.status_code, 400)
