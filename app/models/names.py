"""Names and OpenIDs that nobody new may take: those of people who were here.

What is asked inside a transaction that writes stands after the row itself is written: whoever
was there before is waited for at the unique index, and what they kept is seen then.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now
from app.extensions import Model, db
from app.models import nicknames
from app.models.tokens import derived

# So long a link to somebody's old name still leads to them.
OLD_NAME_LEADS_ON = timedelta(days=365)
# Of one user, within that time; nobody can keep all good names for themselves.
MAX_OLD_NAMES = 5
# So many of them moderators see.
SHOWN_OLD_NAMES = 3


_used = sa.table("user", sa.column("nickname_key", sa.String)).c.nickname_key


def names_that_begin(stem: str) -> set[str]:
    """Return the nicknames, in lower case, that begin so and are in use or kept for somebody."""
    used, kept = (
        sa.select(column).where(column.startswith(stem.lower(), autoescape=True))
        for column in (_used, ReservedName.nickname_key)
    )
    return set(db.session.scalars(sa.union_all(used, kept.where(ReservedName.in_force()))))


class NameKept(IntegrityError):
    """The name is kept for somebody else. To callers it is as taken as one in use."""

    def __init__(self):
        super().__init__(None, None, LookupError("kept for somebody else"))


class RenamedTooOften(Exception):
    """A user may have only so many old names at once."""


class IdentifierRefused(Exception):
    """A moderator removed whoever had this OpenID."""


class ReservedName(Model):
    """A nickname in lower case that is kept for its last owner: a while, or for good."""

    nickname_key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    # Who has another name now; None for somebody who left or was removed.
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # None: for good.
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @staticmethod
    def in_force() -> sa.ColumnElement[bool]:
        return sa.or_(ReservedName.until.is_(None), ReservedName.until > now())

    @staticmethod
    def is_kept_from(user_id: int | None, nickname: str) -> bool:
        """Return whether this name is kept for somebody else than the user of that id."""
        others = ReservedName.user_id.is_distinct_from(user_id)
        if user_id is None:
            others = sa.true()
        key = ReservedName.nickname_key == nickname.lower()
        kept = sa.exists().where(key, others, ReservedName.in_force())
        return bool(db.session.scalar(sa.select(kept)))

    @staticmethod
    def owner_id(nickname: str) -> int | None:
        """Return the id of the user who had this name until lately, or None."""
        if not nicknames.SHAPE.fullmatch(nickname):
            return None
        return db.session.scalar(
            sa.select(ReservedName.user_id).where(
                ReservedName.nickname_key == nickname.lower(), ReservedName.in_force()
            )
        )

    @staticmethod
    def last_of(user_id: int) -> list["ReservedName"]:
        """Return the names that a user had last, the newest first."""
        return list(
            db.session.scalars(
                sa.select(ReservedName)
                .where(ReservedName.user_id == user_id)
                .order_by(ReservedName.since.desc())
                .limit(SHOWN_OLD_NAMES)
            )
        )

    @staticmethod
    def claim(session: Session, nickname_key: str, user_id: int) -> None:
        """Let a user, who just got this name, have it. Raises NameKept when it is another's."""
        row = session.get(ReservedName, nickname_key, populate_existing=True)
        if row is None:
            return
        if row.user_id != user_id and (row.until is None or row.until > now()):
            raise NameKept
        session.delete(row)
        session.flush()

    @staticmethod
    def lead_on(session: Session, nickname_key: str, user_id: int) -> None:
        """Keep a name that a user just gave up. Raises RenamedTooOften."""
        own = ReservedName.user_id == user_id
        session.execute(sa.delete(ReservedName).where(own, ~ReservedName.in_force()))
        count = sa.select(sa.func.count()).select_from(ReservedName).where(own)
        if (session.scalar(count) or 0) >= MAX_OLD_NAMES:
            raise RenamedTooOften
        until = now() + OLD_NAME_LEADS_ON
        session.add(ReservedName(nickname_key=nickname_key, user_id=user_id, until=until))

    @staticmethod
    def keep_for_good(session: Session, nickname_key: str, user_id: int) -> None:
        """Keep the name of a user who goes, and those that they had before."""
        session.execute(
            sa.update(ReservedName)
            .where(ReservedName.user_id == user_id)
            .values(user_id=None, until=None)
        )
        session.merge(ReservedName(nickname_key=nickname_key, since=now(), until=None))

    @staticmethod
    def release(session: Session, nickname_key: str) -> bool:
        """Keep a name no longer; False when it is not kept, or still leads to somebody here."""
        kept = ReservedName.nickname_key == nickname_key, ReservedName.user_id.is_(None)
        gone = sa.delete(ReservedName).where(*kept).returning(ReservedName.nickname_key)
        return session.scalar(gone) is not None


class RefusedIdentifier(Model):
    """An OpenID that may not come back, known by a keyed hash alone."""

    identifier_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def digest(identifier: str) -> str:
        """Return the keyed hash: without SECRET_KEY nobody can try identifiers against it."""
        return derived("refused identifier", identifier).hex()

    @staticmethod
    def includes(identifier: str) -> bool:
        """Return whether this claimed identifier may not become a user again."""
        digest = RefusedIdentifier.identifier_hash == RefusedIdentifier.digest(identifier)
        return bool(db.session.scalar(sa.select(sa.exists().where(digest))))

    @staticmethod
    def refuse(session: Session, identifiers: list[str]) -> None:
        for identifier in identifiers:
            session.merge(RefusedIdentifier(identifier_hash=RefusedIdentifier.digest(identifier)))
