"""Accounts of our own provider, and what it remembers about them."""

import json
import secrets
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, validates
from werkzeug.security import check_password_hash, generate_password_hash

from app.database import UTCDateTime, now, writing
from app.extensions import db
from app.models import hashed
from app.origin import own_url

SIGN_IN_ENDS_AFTER = timedelta(days=30)
REQUEST_ENDS_AFTER = timedelta(hours=1)


@cache
def _nobodys_password() -> str:
    return generate_password_hash(secrets.token_hex())


class Account(db.Model):
    """A username and password; whoever knows both owns the identity."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    username_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    email: Mapped[str | None] = mapped_column(sa.String(120))

    def __repr__(self) -> str:
        return f"<Account {self.username!r}>"

    @validates("username")
    def _set_key(self, key: str, username: str) -> str:
        self.username_key = username.lower()
        return username

    @property
    def identifier(self) -> str:
        """The OpenID that this account owns: a claimed identifier and its own local one."""
        return own_url(url_for("provider.identity", username=self.username_key))

    @staticmethod
    def join(username: str, password: str, email: str | None) -> "Account":
        """Make an account. Raises IntegrityError when the username is taken, whatever its case."""
        # Before the transaction: hashing takes a while, and others want to write too.
        password_hash = generate_password_hash(password)
        with writing() as session:
            account = Account(username=username, password_hash=password_hash, email=email)
            session.add(account)
        return account

    @staticmethod
    def find(username: str) -> "Account | None":
        return db.session.scalar(sa.select(Account).where(Account.username_key == username.lower()))

    @staticmethod
    def check(username: str, password: str) -> "Account | None":
        """Give the account of both, or None; how long it takes tells nothing of which was wrong."""
        account = Account.find(username)
        known = account.password_hash if account else _nobodys_password()
        return account if check_password_hash(known, password) and account else None


class AccountSignIn(db.Model):
    """One browser that is signed in at the provider."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    account_id: Mapped[int] = mapped_column(
        sa.ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    began: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    account: Mapped[Account] = relationship()

    @staticmethod
    def begin(account: Account) -> str:
        """Sign in and give the token that this browser shows from now on."""
        token = secrets.token_urlsafe(16)
        with writing() as session:
            outdated = AccountSignIn.began < now() - SIGN_IN_ENDS_AFTER
            session.execute(sa.delete(AccountSignIn).where(outdated))
            session.add(AccountSignIn(token_hash=hashed(token), account_id=account.id))
        return token

    @staticmethod
    def account_of(token: str) -> Account | None:
        sign_in = db.session.scalar(
            sa.select(AccountSignIn)
            .options(joinedload(AccountSignIn.account, innerjoin=True))
            .where(
                AccountSignIn.token_hash == hashed(token),
                AccountSignIn.began > now() - SIGN_IN_ENDS_AFTER,
            )
        )
        return sign_in and sign_in.account

    @staticmethod
    def end(token: str) -> None:
        with writing() as session:
            session.execute(
                sa.delete(AccountSignIn).where(AccountSignIn.token_hash == hashed(token))
            )


class PendingRequest(db.Model):
    """A relying party's request, kept here while its visitor signs in and decides."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    query: Mapped[str] = mapped_column(sa.Text)
    began: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    @staticmethod
    def keep(query: dict[str, str]) -> str:
        """Keep a request and give the token that stands for it in addresses."""
        token = secrets.token_urlsafe(16)
        with writing() as session:
            outdated = PendingRequest.began < now() - REQUEST_ENDS_AFTER
            session.execute(sa.delete(PendingRequest).where(outdated))
            session.add(PendingRequest(token_hash=hashed(token), query=json.dumps(query)))
        return token

    @staticmethod
    def find(token: str) -> dict[str, str] | None:
        query = db.session.scalar(
            sa.select(PendingRequest.query).where(
                PendingRequest.token_hash == hashed(token),
                PendingRequest.began > now() - REQUEST_ENDS_AFTER,
            )
        )
        return query and json.loads(query)

    @staticmethod
    def drop(token: str) -> None:
        with writing() as session:
            session.execute(
                sa.delete(PendingRequest).where(PendingRequest.token_hash == hashed(token))
            )
