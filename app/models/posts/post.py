"""Posts, and what they carry: tags and mentions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.nicknames import MAX_NICKNAME
from app.models.notifications import telling
from app.models.posts import contents
from app.models.posts.contents import MAX_TAG
from app.models.relationships.blocks import Block

# SQLite counts on its own only in a column of the type INTEGER, which holds as much.
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# In characters, each a code point of Unicode's composed form (NFC).
MAX_BODY = 140


class NothingToAnswer(Exception):
    """The post to which somebody replies has been deleted."""


class Post(Model):
    __table_args__ = (
        # With what home has to know of each post before it takes one.
        sa.Index(None, "user_id", "id", "reply_to_id"),
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
        """Keep the tags and the possible mentions in the body; those of an old body are gone."""
        session = db.session
        session.add_all(Tag(name=name, post_id=self.id) for name in contents.tags_of(self.body))
        session.add_all(
            Mention(nickname_key=key, post_id=self.id) for key in contents.mentions_in(self.body)
        )

    def told(self) -> telling.Told:
        """Return what decides who hears of this post."""
        return telling.Told(self.id, self.user_id, self.thread_id or self.id)

    @staticmethod
    def write(author_id: int, body: str, reply_to_id: int | None = None) -> "Post":
        """Return a new post, a reply to another one or none; those who are meant hear of it.

        Raises NothingToAnswer when that one is gone, and KeptApart when a block stands between
        the authors.
        """
        with writing() as session:
            # People before posts, as whoever decides about both holds them.
            kinds = telling.hearers(session, author_id, body, reply_to_id)
            thread_id = None
            if reply_to_id is not None:
                thread_id = _begin_reply(session, author_id, reply_to_id)
            post = Post(body=body, user_id=author_id, reply_to_id=reply_to_id, thread_id=thread_id)
            session.add(post)
            session.flush()
            post.index_words()
            telling.tell_of_post(session, post.told(), kinds)
        return post

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
                for words in (Tag, Mention):
                    session.execute(sa.delete(words).where(words.post_id == post_id))
                post.index_words()
                telling.tell_of_edit(session, post.told(), kinds, body, old_body)
        return True

    @staticmethod
    def delete(post_id: int, author_id: int) -> bool:
        """Delete a post; returns False when the author has none of that id."""
        with writing() as session:
            own = sa.delete(Post).where(Post.id == post_id, Post.user_id == author_id)
            return session.scalar(own.returning(Post.id)) is not None


def _begin_reply(session: Session, author_id: int, reply_to_id: int) -> int:
    """Hold what is answered until the transaction ends, and return which conversation it is of."""
    answered = sa.select(Post.thread_id, Post.user_id).where(Post.id == reply_to_id)
    found = session.execute(answered).first()
    if found is not None:
        # First the people, in the order in which those are taken who leave with their posts.
        Block.keep_away(session, author_id, found.user_id)
        # And it is not deleted before its reply is there, which keeps its place.
        found = session.execute(answered.with_for_update(read=True, key_share=True)).first()
    if found is None:
        raise NothingToAnswer
    return found.thread_id


class DeletedPost(Model):
    """The place in its conversation of a post that was deleted, while there are replies to it.

    Triggers keep it, however posts are deleted, and take it for the author's deed.
    """

    __table_args__ = (sa.Index(None, "thread_id", "id"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    thread_id: Mapped[int] = mapped_column(BIG_ID)
    by_moderator: Mapped[bool] = mapped_column(server_default=sa.false())

    @staticmethod
    def by_a_moderator(session: Session, which: sa.ColumnElement[bool]) -> None:
        """Record of the posts of `which`, about to be deleted, that a moderator does it."""
        reply = sa.orm.aliased(Post)
        places = sa.select(Post.id, Post.thread_id, sa.true()).where(
            which, sa.exists().where(reply.reply_to_id == Post.id)
        )
        # An author who deletes it at this moment has done so.
        places = places.with_for_update(of=Post)
        columns = ["id", "thread_id", "by_moderator"]
        session.execute(sa.insert(DeletedPost).from_select(columns, places))


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
