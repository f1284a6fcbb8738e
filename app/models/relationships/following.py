"""Following: what a user can do about others."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped

from app.database import writing
from app.extensions import db
from app.models.notifications import Notification
from app.models.posts.post import Post
from app.models.relationships.blocks import Block
from app.models.relationships.followers import followers

# A home page reads the newest posts of each of them.
MAX_FOLLOWING = 5000

_user = sa.table("user", sa.column("id"), sa.column("following_count"))


class FollowsTooMany(Exception):
    """A user follows as many others as one may."""


class Follower:
    """Whoever follows and is followed; User is one."""

    id: Mapped[int]
    follower_count: Mapped[int]
    following_count: Mapped[int]

    def follow(self, user: "Follower") -> bool:
        """Follow `user`; returns False when that is oneself, or followed already.

        Raises KeptApart and FollowsTooMany.
        """
        me, other = self.id, user.id
        if me == other:
            return False
        try:
            with writing() as session:
                Block.keep_away(session, me, other)
                session.execute(sa.insert(followers).values(follower_id=me, followed_id=other))
                # Counted by then, and nobody else changes it before this transaction ends.
                count = sa.select(_user.c.following_count).where(_user.c.id == me)
                if session.execute(count).scalar_one() > MAX_FOLLOWING:
                    raise FollowsTooMany
                Notification.tell(session, other, kind="follow", actor_id=me)
        except IntegrityError:
            return False
        return True

    def unfollow(self, user: "Follower") -> bool:
        """Follow `user` no more; returns False when they were not followed."""
        with writing() as session:
            Notification.take_back(
                session,
                Notification.user_id == user.id,
                Notification.actor_id == self.id,
                Notification.kind == "follow",
            )
            row = sa.delete(followers).where(
                followers.c.follower_id == self.id, followers.c.followed_id == user.id
            )
            return session.scalar(row.returning(followers.c.followed_id)) is not None

    def is_following(self, user: "Follower") -> bool:
        follows = sa.exists().where(
            followers.c.follower_id == self.id, followers.c.followed_id == user.id
        )
        return bool(db.session.scalar(sa.select(follows)))

    def followed_posts(self) -> sa.Select:
        """Return the SELECT of the posts of those followed and one's own, newest first."""
        followed = sa.select(followers.c.followed_id).where(followers.c.follower_id == self.id)
        return (
            sa.select(Post)
            .where(sa.or_(Post.user_id.in_(followed), Post.user_id == self.id))
            .order_by(Post.id.desc())
        )
