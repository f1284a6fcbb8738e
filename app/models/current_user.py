"""Who is signed in in a browser, as one row tells it."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask_login import UserMixin

from app.database import now, writing
from app.extensions import db
from app.models.moderation import waiting
from app.models.notifications import Notification
from app.models.posts.post import Post
from app.models.sign_ins import IS_OF_TOKEN, CurrentSignIn, SignIn, parameters_of
from app.models.users import User

LAST_SEEN_EVERY = timedelta(minutes=1)
VISITS_APART = timedelta(minutes=30)
# Of each page, in one row: of the user, and behind that the fields of CurrentSignIn.
COLUMNS = (
    User.id,
    User.nickname,
    User.email,
    User.role,
    User.last_seen,
    User.seen_before,
    User.following_count,
)
# Whether the next post by the ids of authors is theirs: asked whether one is, PostgreSQL may look
# through all posts, which it takes for few authors'.
HAS_WRITTEN = (
    sa.select(Post.user_id == User.id)
    .where(Post.user_id >= User.id)
    .order_by(Post.user_id)
    .limit(1)
    .correlate(User)
)
OF_TOKEN = (
    sa.select(
        *COLUMNS,
        SignIn.id,
        SignIn.user_id,
        SignIn.last_used,
        SignIn.remembered,
        SignIn.proved,
        SignIn.identity_id,
        Notification.count_unread(User.id),
        waiting.count(User.id, User.role),
        HAS_WRITTEN.scalar_subquery(),
    )
    .join(SignIn, SignIn.user_id == User.id)
    .where(IS_OF_TOKEN)
)


class CurrentUser(UserMixin):
    """The user of a sign-in, for pages that only read: a row costs a third of a User.

    What else a User has and does is asked of that very User, who is loaded then.
    """

    id: int
    nickname: str
    email: str | None
    role: str
    last_seen: datetime
    seen_before: datetime | None
    following_count: int

    def __init__(self, row: sa.Row, token: str):
        for column, value in zip(COLUMNS, row, strict=False):
            setattr(self, column.key, value)
        self.sign_in = CurrentSignIn(*row[len(COLUMNS) :])
        self.sign_in_token = token

    @classmethod
    def of_token(cls, token: str) -> "CurrentUser | None":
        """Return the user whose browser shows `token`, or None once that sign-in has ended."""
        row = db.session.connection().execute(OF_TOKEN, parameters_of(token)).first()
        return None if row is None else cls(row, token)

    def get_id(self) -> str:
        """Return what Flask-Login keeps in its cookies: the token of this sign-in."""
        return self.sign_in_token

    @property
    def is_moderator(self) -> bool:
        return self.role == "moderator"

    @cached_property
    def user(self) -> User:
        user = db.session.get_one(User, self.id)
        user.sign_in = self.sign_in
        return user

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)

    def touch_last_seen(self) -> None:
        """Store that the user is here, at most once a minute, in a transaction of its own.

        Raises SQLAlchemyError when it cannot be written.
        """
        moment = now()
        earlier = moment - LAST_SEEN_EVERY
        if self.last_seen > earlier and self.sign_in.last_used > earlier:
            return
        values = {"last_seen": moment}
        if self.last_seen < moment - VISITS_APART:
            values["seen_before"] = self.last_seen
        with writing() as session:
            session.execute(sa.update(User).where(User.id == self.id).values(values))
            used = sa.update(SignIn).where(SignIn.id == self.sign_in.id)
            session.execute(used.values(last_used=moment))
        for name, value in values.items():
            setattr(self, name, value)
