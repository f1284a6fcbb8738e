"""Letters on the site, with which moderators tell people what they did."""

from app import db
from app.models import (
    Thing,
)
from app.models.moderation.decisions import Decision, decide
from app.tests.support.people.moderation import ModerationCase


class NotificationTests(ModerationCase):
    def warn(self, count: int = 1) -> None:
        for number in range(count):
            decide(Decision("warn", Thing(self.susan.id), f"Number {number}."), self.mary)

    def test_the_menu_tells_how_many_until_they_are_read(self):
        susan = self.browser(self.susan)
        for count, told in (
            (0, "Notifications"),
            (1, "You have 1 unread"),
            (8, "You have 9 unread"),
        ):
            self.warn(count)
            susan.get("/explore")
            self.assertIn(told, susan.page.links)
        self.warn()
        susan.get("/explore")
        susan.get(susan.page.links["You have 9+ unread"])
        self.assertEqual(susan.page.words.count("New:"), 10)
        self.assertLess(susan.text.index("Number 7."), susan.text.index("Number 6."))
        susan.get("/notifications")
        self.assertNotIn("New:", susan.page.words)
        self.assertIn("Notifications", susan.page.links)

    def test_nobody_reads_or_marks_anothers(self):
        self.warn()
        john = self.browser(self.john)
        john.get("/notifications")
        self.assertNotIn("Number 0", john.page.words)
        susan = self.browser(self.susan)
        susan.get("/explore")
        self.assertIn("You have 1 unread", susan.page.links)

    def test_visitors_are_asked_to_sign_in(self):
        visitor = self.browser()
        visitor.get("/notifications")
        self.assertEqual(visitor.path, "/login")

    def test_a_database_that_can_only_be_read_shows_them_all_the_same(self):
        self.warn()
        susan = self.browser(self.susan)
        susan.get("/explore")
        refuse = "CREATE TRIGGER no_marks BEFORE UPDATE ON notification "
        if db.engine.dialect.name == "sqlite":
            refuse += "BEGIN SELECT RAISE(ABORT, 'full'); END"
            undo = "DROP TRIGGER no_marks"
        else:
            refuse = (
                "CREATE FUNCTION no_marks() RETURNS trigger AS "
                "$$ BEGIN RAISE EXCEPTION 'full'; END $$ LANGUAGE plpgsql; "
                + refuse
                + "FOR EACH ROW EXECUTE FUNCTION no_marks()"
            )
            undo = "DROP TRIGGER no_marks ON notification; DROP FUNCTION no_marks()"
        with db.engine.begin() as connection:
            connection.exec_driver_sql(refuse)
        try:
            with self.assertLogs(self.app.logger, "WARNING"):
                susan.get("/notifications")
        finally:
            with db.engine.begin() as connection:
                connection.exec_driver_sql(undo)
        self.assertEqual(susan.status, 200)
        self.assertIn("Number 0.", susan.page.words)
