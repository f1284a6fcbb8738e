"""Notifications: what happened to a user, each a row that goes with what it tells of."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model

MAX_TEXT = 500
# Of one user; the oldest make room for more.
MAX_NOTIFICATIONS = 100
# Of these, what people did and what one of them did: the rest is the site's own to tell, and a
# person who is loud pushes out neither the others nor a moderator's decision.
MAX_OF_PEOPLE = 80
MAX_OF_ACTOR = 20
# Those of a day that stand together in one line.
ALIKE = {"follow", "invitation"}


class Notification(Model):
    """One thing that happened to one user, read or not."""

    __table_args__ = (
        sa.Index(None, "user_id", "read"),
        # Of a post everybody hears once, whatever it is to them.
        sa.Index(None, "post_id", "user_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    # By people: reply, mention, conversation (a reply in one that is followed), follow and
    # invitation (that somebody joined by it). By the site: decision (of a moderator), approval,
    # openid (one was added) and sign-in. A mention that was edited away is "withdrawn".
    kind: Mapped[str] = mapped_column(sa.String(16))
    # A sentence; of a sign-in what the browser called itself; of what people did nothing.
    text: Mapped[str] = mapped_column(sa.String(MAX_TEXT))
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    read: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Who did it, and in which post.
    actor_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(sa.ForeignKey("post.id", ondelete="CASCADE"))
    # Those of a user with the same text here stand in one line, and count as one.
    alike: Mapped[str | None] = mapped_column(sa.String(32))
    # The letter that tells of it. It is no foreign key: those rows go after a day.
    letter_id: Mapped[int | None]

    @staticmethod
    def tell(
        session: Session,
        user_id: int,
        text: str = "",
        kind: str = "decision",
        actor_id: int | None = None,
    ) -> None:
        """Add one for this user. Belongs inside `writing()`, with what it tells of."""
        Notification.tell_each(session, {user_id: kind}, text, actor_id)

    @staticmethod
    def tell_each(
        session: Session,
        kinds: Mapping[int, str],
        text: str = "",
        actor_id: int | None = None,
        post_id: int | None = None,
    ) -> None:
        """Add one for each of these users, by their ids, of the kind that it is to them."""
        if not kinds:
            return
        moment = now()
        session.flush()
        session.execute(
            sa.insert(Notification),
            [
                {
                    "user_id": user_id,
                    "kind": kind,
                    "text": text[:MAX_TEXT],
                    "created": moment,
                    "actor_id": actor_id,
                    "post_id": post_id,
                    "alike": f"{kind} {moment:%Y-%m-%d}" if kind in ALIKE else None,
                }
                for user_id, kind in sorted(kinds.items())
            ],
        )
        session.execute(_delete_surplus(kinds))

    @staticmethod
    def take_back(session: Session, *which: sa.ColumnElement[bool]) -> None:
        """Delete those of `which`: what they tell of is no more."""
        session.execute(sa.delete(Notification).where(*which))

    @staticmethod
    def take(user_id: int, kind: str) -> list[str]:
        """Return what of this kind the user has not read, which from now on they have."""
        with writing() as session:
            unread = sa.update(Notification).where(
                Notification.user_id == user_id,
                Notification.kind == kind,
                Notification.read.is_(None),
            )
            return list(
                session.scalars(
                    unread.values(read=now())
                    .returning(Notification.text)
                    .execution_options(synchronize_session=False)
                )
            )

    @staticmethod
    def mark_read(user_id: int, ids: list[int]) -> None:
        """Note that the user has read those of these ids that are theirs."""
        unread = sa.select(Notification.id).where(
            Notification.user_id == user_id,
            Notification.id.in_(ids),
            Notification.read.is_(None),
        )
        with writing() as session:
            # What somebody else holds is about to go.
            free = unread.with_for_update(skip_locked=True)
            session.execute(
                sa.update(Notification).where(Notification.id.in_(free)).values(read=now())
            )

    @staticmethod
    def stands() -> sa.ColumnElement[bool]:
        """Return the condition of one that a page shows."""
        return Notification.kind != "withdrawn"

    @staticmethod
    def is_unread() -> sa.ColumnElement[bool]:
        return sa.and_(Notification.read.is_(None), Notification.stands())

    @staticmethod
    def count_unread(user_id) -> sa.ScalarSelect:
        """Return the subquery of how many lines with something new the page of a user has."""
        alone = sa.func.count() - sa.func.count(Notification.alike)
        return (
            sa.select(alone + sa.func.count(Notification.alike.distinct()))
            .select_from(Notification)
            .where(Notification.user_id == user_id, Notification.is_unread())
            .correlate_except(Notification)
            .scalar_subquery()
        )


def _delete_surplus(users: Iterable[int]) -> sa.Delete:
    """Return the statement that has the oldest of these users make room, of each sort its own."""

    def position(*group) -> sa.ColumnElement[int]:
        newest_first = Notification.id.desc()
        return sa.func.row_number().over(partition_by=group, order_by=newest_first)

    by_people = Notification.actor_id.is_not(None)
    places = (
        sa.select(
            Notification.id,
            by_people.label("by_people"),
            position(Notification.user_id).label("of_all"),
            position(Notification.user_id, by_people).label("of_people"),
            position(Notification.user_id, Notification.actor_id).label("of_actor"),
        )
        .where(Notification.user_id.in_(users))
        .subquery()
    )
    loud = sa.or_(places.c.of_people > MAX_OF_PEOPLE, places.c.of_actor > MAX_OF_ACTOR)
    surplus = sa.select(places.c.id).where(
        sa.or_(places.c.of_all > MAX_NOTIFICATIONS, sa.and_(places.c.by_people, loud))
    )
    # Of two who make room at once neither waits for the other.
    rows = sa.select(Notification.id).where(Notification.id.in_(surplus))
    free = rows.with_for_update(skip_locked=True)
    return sa.delete(Notification).where(Notification.id.in_(free))
