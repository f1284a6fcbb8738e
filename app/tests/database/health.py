"""What supervisors ask."""

from unittest import mock

import flask_migrate
import sqlalchemy as sa

from app.extensions import limiter
from app.models import CurrentUser
from app.tests.support.base import Browser
from app.tests.support.data.outages import BrokenCase
from app.tests.support.programs.processes import TEST_SERVER


def only_read_sqlite(connection, record) -> None:
    connection.execute("PRAGMA query_only = ON")


class HealthTests(BrokenCase):
    def test_both_say_ok_and_make_neither_session_nor_entry_nor_query(self):
        john = self.john()
        before = self.log()
        with self.own.app_context(), mock.patch.object(CurrentUser, "of_token") as user_of:
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

    def test_an_old_migration_is_no_broken_database_although_it_has_fewer_tables(self):
        with self.own.app_context():
            flask_migrate.downgrade(revision="0001")
        self.assert_ready_says("migration")

    def test_a_database_that_can_only_be_read_is_one_word(self):
        if TEST_SERVER:
            name = self.engine.url.database
            with self.engine.begin() as connection:
                connection.exec_driver_sql(
                    f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
                )
        else:
            sa.event.listen(self.engine, "connect", only_read_sqlite)
        self.engine.dispose()
        self.assert_ready_says("writing")
        self.assertEqual(Browser(self.own).get("/explore").status_code, 200)

    def test_there_is_no_limit(self):
        app = self.failing_app(RATELIMIT_ENABLED="on")
        self.addCleanup(setattr, limiter, "enabled", False)
        browser = Browser(app)
        # More than the endpoint of machines allows.
        statuses = [browser.get("/healthz").status_code for _ in range(700)]
        self.assertEqual(set(statuses), {200})

    def test_they_answer_under_no_other_site_s_name(self):
        app = self.failing_app(SITE_URL="https://blog.example.com")
        for host, status in (("evil.example", 400), ("10.0.0.1", 200)):
            answer = app.test_client().get("/healthz", base_url=f"http://{host}/")
            self.assertEqual(answer.status_code, status)
