"""What the tests of notifications share."""

import sqlalchemy as sa

from app import db
from app.models import Notification, User
from app.queries import notifications
from app.queries.pagination import NEWEST_PAGE
from app.rendering.notifications import sentence
from app.tests.support.people.moderation import ModerationCase


class NotificationCase(ModerationCase):
    """With john and susan, mary who is a moderator, and what they hear of."""

    def heard(self, user: User) -> list[str]:
        """Return what the page of a user tells, oldest first, each with what the post says."""
        db.session.rollback()
        page, _ = notifications.of_user(user.id, NEWEST_PAGE)
        said = [sentence(line) + (f": {line.body}" if line.body else "") for line in page.rows]
        return said[::-1]

    def unread(self, user: User) -> int:
        """Return the number that the menu shows."""
        db.session.rollback()
        number = sa.select(Notification.count_unread(User.id)).where(User.id == user.id)
        return db.session.scalars(number).one()

    def read_all(self, user: User) -> None:
        self.browser(user).get("/notifications")
