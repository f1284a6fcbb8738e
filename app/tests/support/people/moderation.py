"""What the tests of moderation share: who reports, who decides, and what they did."""

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Action, HiddenPost, Notification, Post, Report, Suspension, User
from app.models.moderation.decisions import Decision, decide
from app.models.moderation.reports import Thing
from app.tests.support.base import Browser, PeopleTestCase

# What is told after a decision.
DONE = "Done. Everybody can read it in the log."


class ModerationCase(PeopleTestCase):
    """With mary and max, who are moderators, beside john and susan, who are not."""

    def setUp(self):
        super().setUp()
        self.mary, self.max = self.moderator("mary"), self.moderator("max")

    def moderator(self, nickname: str) -> User:
        user = self.person(nickname)
        with writing():
            user.role = "moderator"
        return user

    def report(self, reporter: User, thing: User | Post, sentence: str = "It is rude.") -> None:
        if isinstance(thing, Post):
            found = Thing(thing.user_id, thing.id)
        else:
            found = Thing(thing.id)
        self.assertTrue(Report.make(reporter.id, found, "abuse", sentence))

    def suspend(self, user: User, days: int | None = None, by: User | None = None) -> None:
        decide(Decision("suspend", Thing(user.id), "Enough.", days), by)

    def decide(self, browser: Browser, path: str, button: str, **typed) -> Browser:
        """Go to a page of the moderators, type a reason and press that button."""
        browser.get(path)
        self.assertEqual(browser.status, 200)
        browser.submit(button=button, **{"reason": "Be kind.", **typed})
        return browser

    def actions(self) -> list[tuple]:
        """Return the log: who did what, about whom."""
        db.session.rollback()
        rows = sa.select(Action.moderator_name, Action.kind, Action.user_id).order_by(Action.id)
        return [tuple(row) for row in db.session.execute(rows)]

    def told(self, user: User) -> list[str]:
        db.session.rollback()
        own = sa.select(Notification.text).where(Notification.user_id == user.id)
        return list(db.session.scalars(own.order_by(Notification.id)))

    def state(self) -> tuple:
        """Return all that decisions change, to see that nothing has."""
        db.session.rollback()
        return tuple(
            len(db.session.execute(sa.select(table)).all())
            for table in (Action, HiddenPost, Suspension, Notification, Post, User)
        ) + (db.session.scalar(sa.select(sa.func.count(Report.closed))),)
