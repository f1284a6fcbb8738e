"""What is asked of each post of a list about replies: whom it answers, how many answer it."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.models import User, followers
from app.models.posts.post import Post
from app.queries.visibility import READER, is_seen

# Of one post; a page says that there are more.
MAX_COUNTED = 99

_answered = aliased(Post)
_author = aliased(User)
_reply = aliased(Post)
_followed = followers.alias()

# The nickname of who wrote the post that Post answers; null when it is none, or one that READER
# does not see.
ANSWERED_NAME = (
    sa.select(_author.nickname)
    .join(_answered, _answered.user_id == _author.id)
    .where(_answered.id == Post.reply_to_id, is_seen(_answered))
    .correlate(Post)
    .scalar_subquery()
)


def _replies_to(post_id) -> sa.Select:
    """Return the replies to a post that READER sees."""
    return sa.select(sa.true()).where(_reply.reply_to_id == post_id, is_seen(_reply))


# How many replies to Post the reader sees, and at most one more than MAX_COUNTED.
COUNT = (
    sa.select(sa.func.count())
    .select_from(_replies_to(Post.id).limit(MAX_COUNTED + 1).correlate(Post).subquery())
    .scalar_subquery()
)


def is_answered(column) -> sa.ColumnElement[bool]:
    """Return the condition that READER sees a reply to the post whose id `column` holds."""
    return sa.func.coalesce(_replies_to(column).limit(1).scalar_subquery(), sa.false())


# The condition that Post is no reply, or one to READER or to somebody whom READER follows.
_whom = sa.select(
    sa.or_(
        _answered.user_id == READER,
        sa.exists()
        .where(_followed.c.follower_id == READER, _followed.c.followed_id == _answered.user_id)
        .correlate(_answered),
    )
).where(_answered.id == Post.reply_to_id)
IS_OF_HOME = sa.or_(
    Post.reply_to_id.is_(None),
    sa.func.coalesce(_whom.correlate(Post).scalar_subquery(), sa.false()),
)
