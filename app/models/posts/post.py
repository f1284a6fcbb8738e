"""Posts, and what they carry: tags and mentions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.nicknames import MAX_NICKNAME
from app.models.notifications import telling
from app.models.posts import contents
from app.models.posts.contents import MAX_TAG

# SQLite counts on its own only in a column of the type INTEGER, which holds as much.
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# In characters, each a code point of Unicode's composed form (NFC).
MAX_BODY = 140


class Post(Model):
    __table_args__ = (
        sa.Index(None, "user_id", "id"),
        sa.Index(None, "thread_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    # The post that this one answers, and the first of its conversation. No keys of another
    # table: either may have been deleted, and a conversation goes on. A trigger makes a post
    # that answers none the first of its own.
    reply_to_id: Mapped[int | None] = mapped_column(BIG_ID, index=True)
    thread_id: Mapped[int] = mapped_column(BIG_ID, nullable=True)
    body: Mapped[str] = mapped_column(sa.String(MAX_BODY))
    timestamp: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    edited: Mapped[datetime | None] = mapped_column(UTCDateTime)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))

    def __repr__(self) -> str:
        return f"<Post {self.id}>"

    def index_words(self) -> None:
        """Keep which tags and which possible mentions the body holds."""
        session = db.session
        session.execute(sa.delete(Tag).where(Tag.post_id == self.id))
        session.execute(sa.delete(Mention).where(Mention.post_id == self.id))
        session.add_all(Tag(name=name, post_id=self.id) for name in contents.tags_of(self.body))
        session.add_all(
            Mention(nickname_key=key, post_id=self.id) for key in contents.mentions_in(self.body)
        )

    @staticmethod
    def edit(post_id: int, author_id: int, body: str) -> bool:
        """Change a post; returns False when the author has none of that id."""
        own = sa.select(Post).where(Post.id == post_id, Post.user_id == author_id)
        with writing() as session:
            # People before posts, as whoever decides about both holds them.
            kinds = telling.hearers(session, author_id, body)
            post = session.scalar(own.with_for_update())
            if post is None:
                return False
            if post.body != body:
                old_body = post.body
                post.body, post.edited = body, now()
                post.index_words()
                telling.tell_of_edit(session, post_id, author_id, kinds, body, old_body)
        return True

    @staticmethod
    def delete(post_id: int, author_id: int) -> bool:
        """Delete a post; returns False when the author has none of that id."""
        with writing() as session:
            own = sa.delete(Post).where(Post.id == post_id, Post.user_id == author_id)
            return session.scalar(own.returning(Post.id)) is not None


class DeletedPost(Model):
    """The place in its conversation of a post that was deleted, while there are replies to it.

    Triggers keep it, however posts are deleted.
    """

    __table_args__ = (sa.Index(None, "thread_id", "id"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    thread_id: Mapped[int] = mapped_column(BIG_ID)
    by_moderator: Mapped[bool] = mapped_column(server_default=sa.false())


class Tag(Model):
    """A tag in a post."""

    name: Mapped[str] = mapped_column(sa.String(MAX_TAG), primary_key=True)
    post_id: Mapped[int] = mapped_column(
        BIG_ID, sa.ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Mention(Model):
    """A nickname that a post mentions, whether or not somebody has it."""

    post_id: Mapped[int] = mapped_column(
        BIG_ID, sa.ForeignKey("post.id", ondelete="CASCADE"), primary_key=True
    )
    nickname_key: Mapped[str] = mapped_column(sa.String(MAX_NICKNAME), primary_key=True)
