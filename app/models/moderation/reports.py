"""Reports: what members tell moderators of a post or a profile, as it was when they told it."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model
from app.models.notifications import Notification
from app.models.posts.post import BIG_ID, Post

MAX_SENTENCE = 140
MAX_REPORTS_A_DAY = 20
# So long after it was closed a report is kept.
REPORT_KEPT_FOR = timedelta(days=365)
CHOICES = {
    "abuse": "It attacks somebody",
    "spam": "It is advertising or spam",
    "illegal": "It is against the law",
    "private": "It tells what is private",
    "other": "Something else",
}
# What reporters are told when it is about somebody who goes.
GONE = (
    "You reported {0} or a post of theirs. That is closed: {0} is no longer here, "
    "nor is what they wrote."
)
# Any number: those who close reports take this lock of PostgreSQL one after the other.
LOCK = 7_013


class TooManyReports(Exception):
    """A member has reported as much today as one may."""


class Thing(NamedTuple):
    """What can be reported and decided about: a post of this user, or without one the profile."""

    user_id: int
    post_id: int | None = None

    @property
    def key(self) -> str:
        return f"user {self.user_id}" if self.post_id is None else f"post {self.post_id}"


def take_turns(session: Session) -> None:
    """Wait for others who close reports: each holds a person whom the other has to tell."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


class Report(Model):
    """One member's report of one thing, kept with what the thing said then."""

    __table_args__ = (sa.UniqueConstraint("reporter_id", "thing"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reporter_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    # "post 12" or "user 3": what a member can report once.
    thing: Mapped[str] = mapped_column(sa.String(32), index=True)
    # Whom it is about; the post may be gone meanwhile.
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(BIG_ID)
    body: Mapped[str] = mapped_column(sa.String(300))
    choice: Mapped[str] = mapped_column(sa.String(16))
    sentence: Mapped[str] = mapped_column(sa.String(MAX_SENTENCE))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    closed: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    # The kind of the action that closed it.
    outcome: Mapped[str | None] = mapped_column(sa.String(16))

    @staticmethod
    def make(reporter_id: int, thing: Thing, choice: str, sentence: str) -> bool:
        """Keep a report, with what its thing says now; False when it has gone meanwhile.

        Raises TooManyReports, and IntegrityError when this member has reported it already.
        """
        with writing() as session:
            user = sa.table("user", sa.column("id"), sa.column("nickname"), sa.column("about_me"))
            # Two tabs at once must not each find room for one more; nor must whom it is about
            # leave before there is somebody to be told of that.
            lock = sa.select(user.c.id).where(user.c.id.in_((reporter_id, thing.user_id)))
            session.execute(lock.order_by(user.c.id).with_for_update(key_share=True))
            session.execute(sa.delete(Report).where(Report.closed <= now() - REPORT_KEPT_FOR))
            today = sa.select(sa.func.count()).where(
                Report.reporter_id == reporter_id, Report.created > now() - timedelta(days=1)
            )
            if (session.scalar(today) or 0) >= MAX_REPORTS_A_DAY:
                raise TooManyReports
            if thing.post_id is None:
                told = sa.select(user.c.nickname + ": " + user.c.about_me).where(
                    user.c.id == thing.user_id
                )
            else:
                told = sa.select(Post.body).where(
                    Post.id == thing.post_id, Post.user_id == thing.user_id
                )
            body = session.scalar(told)
            if body is None:
                return False
            session.add(
                Report(
                    reporter_id=reporter_id,
                    thing=thing.key,
                    user_id=thing.user_id,
                    post_id=thing.post_id,
                    body=body,
                    choice=choice,
                    sentence=sentence,
                )
            )
        return True

    @staticmethod
    def close(
        session: Session, thing: Thing, newest_id: int | None, outcome: str, text: str
    ) -> int:
        """Close the reports of a thing up to that id, tell their reporters, and return how many.

        Belongs inside `writing()`, with the action that closes them. None is every id.
        """
        waiting = sa.and_(Report.thing == thing.key, Report.closed.is_(None))
        if newest_id is not None:
            waiting = sa.and_(waiting, Report.id <= newest_id)
        # People before reports, as whoever leaves locks them.
        people = sa.table("user", sa.column("id"))
        session.execute(
            sa.select(people.c.id)
            .where(people.c.id.in_(sa.select(Report.reporter_id).where(waiting)))
            .order_by(people.c.id)
            .with_for_update(read=True, key_share=True)
        )
        reporters = session.scalars(
            sa.update(Report)
            .where(waiting)
            .values(closed=now(), outcome=outcome)
            .returning(Report.reporter_id)
        ).all()
        for reporter_id in reporters:
            if reporter_id is not None:
                Notification.tell(session, reporter_id, text)
        return len(reporters)

    @staticmethod
    def close_with(session: Session, user_id: int, nickname: str) -> None:
        """Notify whoever reported a user, or a post of theirs, that it is closed since they go.

        Belongs inside `writing()`, after `take_turns`; the reports go with the user.
        """
        reporters = sa.select(Report.reporter_id).where(
            Report.user_id == user_id, Report.closed.is_(None)
        )
        for reporter_id in session.scalars(reporters.distinct()).all():
            if reporter_id is not None:
                Notification.tell(session, reporter_id, GONE.format(nickname))
