"""Users: what they do, and which ways in they add and take away."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, WriteOnlyMapped, mapped_column, relationship, validates

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models import endings, nicknames
from app.models.avatars import avatar_url
from app.models.emails import links
from app.models.emails.addresses import MAX_EMAIL
from app.models.emails.links import MailedLink
from app.models.names import ReservedName, names_that_begin
from app.models.nicknames import MAX_NICKNAME
from app.models.notifications import Notification
from app.models.posts.brought import BroughtPost
from app.models.posts.post import Post
from app.models.relationships.following import Follower
from app.models.sign_ins import CurrentSignIn, Identity, SignIn

# In characters, as those of a post.
MAX_ABOUT_ME = 140
MAX_WEB_ADDRESS = 200
# What is done with a new user, inside the transaction that makes them.
Also = Callable[[Session, "User"], None]


class User(Follower, UserMixin, Model):
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    nickname: Mapped[str] = mapped_column(sa.String(MAX_NICKNAME))
    nickname_key: Mapped[str] = mapped_column(sa.String(MAX_NICKNAME), unique=True)
    # Asserted by a provider and verified by nobody: it finds an avatar, never a user.
    email: Mapped[str | None] = mapped_column(sa.String(MAX_EMAIL))
    about_me: Mapped[str] = mapped_column(sa.String(MAX_ABOUT_ME), default="")
    # Begins with http:// or https://, or is empty.
    web_address: Mapped[str] = mapped_column(
        sa.String(MAX_WEB_ADDRESS), default="", server_default=sa.text("''")
    )
    last_seen: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # When the visit before this one ended; null for who has made but one.
    seen_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    avatar_seed: Mapped[str] = mapped_column(sa.String(32))
    # "member" or "moderator".
    role: Mapped[str] = mapped_column(sa.String(16), default="member", server_default="member")
    # Null for whoever was here before it was kept.
    joined: Mapped[datetime | None] = mapped_column(UTCDateTime, default=now)
    # Kept by triggers that the migrations make.
    follower_count: Mapped[int] = mapped_column(default=0, server_default="0")
    following_count: Mapped[int] = mapped_column(default=0, server_default="0")

    posts: WriteOnlyMapped[Post] = relationship(backref="author", passive_deletes=True)
    identities: WriteOnlyMapped[Identity] = relationship(passive_deletes=True)
    sign_ins: WriteOnlyMapped[SignIn] = relationship(passive_deletes=True)

    # This browser's SignIn, and the token of a new one; set while a request lasts.
    sign_in = cast(CurrentSignIn | None, None)
    sign_in_token = ""

    def __init__(self, **columns):
        columns.setdefault("avatar_seed", secrets.token_hex(16))
        super().__init__(**columns)

    def __repr__(self) -> str:
        return f"<User {self.nickname!r}>"

    @validates("nickname")
    def _set_key(self, key: str, nickname: str) -> str:
        self.nickname_key = nickname.lower()
        return nickname

    @staticmethod
    def find(nickname: str) -> "User | None":
        """Return the user with this nickname (case-insensitive), or None."""
        if not nicknames.SHAPE.fullmatch(nickname):
            return None
        return db.session.scalar(sa.select(User).where(User.nickname_key == nickname.lower()))

    @staticmethod
    def of_identifier(identifier: str) -> "User | None":
        """Return the user whom this claimed identifier signs in, or None."""
        return db.session.scalar(
            sa.select(User)
            .join(Identity, Identity.user_id == User.id)
            .where(Identity.identifier == identifier)
        )

    @staticmethod
    def make_unique_nickname(nickname: str) -> str:
        """Return `nickname`, or with the smallest number behind it that makes it free.

        A name kept for somebody who had it is not free. Dots and dashes at its ends are left out.

        It asks the database once, and only promises what was true at that moment;
        the unique index has the last word.
        """
        nickname = nickname.strip(nicknames.NOT_AT_ENDS) or nickname
        # Leave room for the longest number, so that one prefix finds every candidate.
        taken = names_that_begin(nickname[: MAX_NICKNAME - 10])
        candidate, number = nickname, 1
        while candidate.lower() in taken or nicknames.is_reserved(candidate):
            number += 1
            candidate = f"{nickname[: MAX_NICKNAME - len(str(number))]}{number}"
        return candidate

    @classmethod
    def sign_up_as(
        cls, identifier: str, nickname: str, email: str | None, also: Also | None = None
    ) -> "User":
        """Return the new user of a claimed identifier, with this very nickname.

        `also` is done in the same transaction: what it raises undoes the user. Whether a
        newcomer may join is not asked here but in joining.py. Raises IntegrityError when a name
        is taken or kept, IdentifierRefused when a moderator removed whoever had the identifier,
        SignInEnded when their account of this site is deleted.
        """
        with writing() as session:
            user = cls(nickname=nickname, email=email)
            session.add(user)
            session.flush()
            ReservedName.claim(session, user.nickname_key, user.id)
            endings.hold_account(session, identifier)
            Identity.give(session, identifier, user.id)
            if also:
                also(session, user)
        return user

    @classmethod
    def sign_up(
        cls, identifier: str, nickname: str, email: str | None, also: Also | None = None
    ) -> "User":
        """Return the new user of a claimed identifier, named as near to `nickname` as is free.

        An identifier that meanwhile has a user (two clicks, two tabs) gives that user.
        """
        while True:
            try:
                return cls.sign_up_as(identifier, cls.make_unique_nickname(nickname), email, also)
            except IntegrityError:
                # Somebody was quicker with the nickname, or with the identifier. Each
                # round somebody gets through, so this ends.
                if owner := cls.of_identifier(identifier):
                    return owner

    def update_profile(self, nickname: str, about_me: str, web_address: str = "") -> None:
        """Change the profile; an old nickname leads here for a year, and nobody else can take it.

        Raises IntegrityError when the nickname is taken or kept, and RenamedTooOften.
        """
        with writing() as session:
            # Of two renames at once the second gives up what the first took.
            self._lock(session)
            before = self.nickname_key
            self.nickname = nickname
            self.about_me = about_me
            self.web_address = web_address
            session.flush()
            if self.nickname_key != before:
                ReservedName.claim(session, self.nickname_key, self.id)
                ReservedName.lead_on(session, before, self.id)

    @property
    def is_moderator(self) -> bool:
        return self.role == "moderator"

    def identifiers(self) -> list[str]:
        """Return the OpenIDs of this user, in the order in which they were added."""
        own = self.identities.select().with_only_columns(Identity.identifier)
        return list(db.session.scalars(own.order_by(Identity.id)))

    def add_identity(self, identifier: str) -> None:
        """Let another OpenID sign this user in. Raises like Identity.give, and SignInEnded."""
        with writing() as session:
            endings.hold_account(session, identifier)
            Identity.give(session, identifier, self.id)
            Notification.tell(session, self.id, kind="openid")

    def delete_identity(self, identity_id: int) -> bool:
        """Delete an OpenID, and sign out what it began, this browser too if it was that one.

        Returns False when it is not this user's, or the last with which they can sign in.
        """
        here = self.sign_in and self.sign_in.id
        with writing() as session:
            # Two removals at once must not each leave the other's.
            self._lock(session)
            own = set(session.scalars(sa.select(Identity.id).where(Identity.user_id == self.id)))
            if identity_id not in own or not endings.ways_in(session, self.id) - {identity_id}:
                return False
            began = sa.or_(SignIn.identity_id == identity_id, SignIn.identity_id.is_(None))
            ends_here = sa.exists().where(SignIn.id == here, began)
            keep = None if session.scalar(sa.select(ends_here)) else here
            endings.sign_out(session, sa.and_(SignIn.user_id == self.id, began), keep)
            session.execute(sa.delete(Identity).where(Identity.id == identity_id))
        return True

    def sign_out(self, sign_in_id: int | None = None) -> None:
        """Sign this user out of one browser, or of all; of our own provider in these as well."""
        with writing() as session:
            self._lock(session)
            if sign_in_id is None:
                endings.sign_out_everywhere(session, self.id)
            else:
                one = sa.and_(SignIn.user_id == self.id, SignIn.id == sign_in_id)
                endings.sign_out(session, one)
                if not self.sign_in or sign_in_id != self.sign_in.id:
                    # Whoever sat there may have asked for them.
                    links.end_confirming(session, MailedLink.user_id == self.id)

    def _lock(self, session: Session) -> None:
        session.execute(sa.select(User.id).where(User.id == self.id).with_for_update())

    def delete(self, refuse_identifiers: bool = False) -> None:
        """Delete the user; their posts, OpenIDs and sign-ins go with them.

        Their names stay reserved, and so do their OpenIDs with `refuse_identifiers`: as when a
        moderator removes somebody.
        """
        user_id = self.id
        with writing() as session:
            endings.delete_user(session, user_id, refuse_identifiers)

    def delete_posts(self) -> None:
        """Delete all that the user wrote or brought along; it may be brought along again."""
        user_id = self.id
        with writing() as session:
            for model in (Post, BroughtPost):
                session.execute(sa.delete(model).where(model.user_id == user_id))

    def avatar(self, size: int) -> str:
        return avatar_url(self.email, self.avatar_seed, size)

    def write(self, body: str, reply_to_id: int | None = None) -> Post:
        """Write a post, or a reply. Raises like Post.write."""
        return Post.write(self.id, body, reply_to_id)

    def get_id(self) -> str:
        """Return what Flask-Login keeps in its cookies: the token of this sign-in."""
        return self.sign_in_token
