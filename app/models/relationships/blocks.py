"""Blocks: two people who do not meet here, because one of them wants it so."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.notifications import Notification
from app.models.relationships.followers import followers

# Of one user; a page asks for each author whether there is one.
MAX_BLOCKS = 5000

_user = sa.table("user", sa.column("id"))


class KeptApart(Exception):
    """A block stands between two users; whose it is, is nobody's business."""


class TooManyBlocks(Exception):
    """A user blocks as many others as one may."""


class Block(Model):
    """One user blocks another; neither meets the other until it is undone."""

    __table_args__ = (sa.Index(None, "blocked_id", "blocker_id"),)

    blocker_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def stands_between(one_id: int, other_id: int) -> bool:
        """Return whether one of the two blocks the other."""
        found = sa.exists().where(_between(Block.blocker_id, Block.blocked_id, one_id, other_id))
        return bool(db.session.scalar(sa.select(found)))

    @staticmethod
    def begin(blocker_id: int, blocked_id: int) -> bool:
        """Let one user block another, and end that either follows the other.

        Returns False when there is nothing to do: it is oneself, blocked already or gone.
        Raises TooManyBlocks.
        """
        if blocker_id == blocked_id:
            return False
        with writing() as session:
            # Nobody begins to follow meanwhile, nor blocks one more.
            there = _lock(session, blocker_id, blocked_id)
            if there != 2 or session.get(Block, (blocker_id, blocked_id)) is not None:
                return False
            of_blocker = sa.select(sa.func.count()).where(Block.blocker_id == blocker_id)
            if session.execute(of_blocker).scalar_one() >= MAX_BLOCKS:
                raise TooManyBlocks
            session.add(Block(blocker_id=blocker_id, blocked_id=blocked_id))
            columns = followers.c.follower_id, followers.c.followed_id
            follows = _between(*columns, blocker_id, blocked_id)
            session.execute(sa.delete(followers).where(follows))
            told = Notification.user_id, Notification.actor_id
            Notification.take_back(session, _between(*told, blocker_id, blocked_id))
        return True

    @staticmethod
    def end(blocker_id: int, blocked_id: int) -> bool:
        """Undo a block. Returns False when there was none; that of the other one stays."""
        with writing() as session:
            row = sa.delete(Block).where(
                Block.blocker_id == blocker_id, Block.blocked_id == blocked_id
            )
            return session.scalar(row.returning(Block.blocked_id)) is not None

    @staticmethod
    def keep_away(session: Session, one_id: int, other_id: int) -> None:
        """Let no block begin between two users before this transaction ends.

        Raises KeptApart when one stands there already.
        """
        # Many may do so at once: they wait only for who blocks.
        _lock(session, one_id, other_id, is_shared=True)
        if Block.stands_between(one_id, other_id):
            raise KeptApart


def _between(from_column, to_column, one_id: int, other_id: int) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.and_(from_column == one_id, to_column == other_id),
        sa.and_(from_column == other_id, to_column == one_id),
    )


def _lock(session: Session, one_id: int, other_id: int, is_shared: bool = False) -> int:
    """Hold both users, always in the same order, and return how many of them are there."""
    rows = sa.select(_user.c.id).where(_user.c.id.in_((one_id, other_id))).order_by(_user.c.id)
    locked = rows.with_for_update(read=is_shared, key_share=is_shared)
    return len(session.execute(locked).all())
