"""Who follows whom."""

import sqlalchemy as sa

from app.extensions import db

followers = db.Table(
    "followers",
    sa.Column("follower_id", sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("followed_id", sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    sa.Index(None, "followed_id", "follower_id"),
)
