"""Accounts of our own provider, and what it remembers about them."""

import secrets
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from flask import current_app, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship, validates
from werkzeug.security import check_password_hash, generate_password_hash

from app.database import UTCDateTime, now, writing
from app.extensions import db
from app.models import hashed
from app.origin import own_url

LONGEST_REALM = 500
# Of one account: browsers signed in at once, and sites that need not ask again.
MAX_SIGN_INS = 100
MAX_CONSENTS = 500
SIGN_IN_ENDS_AFTER = timedelta(days=30)


def password_hash(password: str) -> str:
    return generate_password_hash(password, current_app.config["PASSWORD_HASH"])


@cache
def _nobodys_password() -> str:
    return password_hash(secrets.token_hex())


class Account(db.Model):
    """A username and password; whoever knows both owns the identity."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    username_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    email: Mapped[str | None] = mapped_column(sa.String(120))
    # A deleted account keeps its row: its username, and with it the identity, must
    # never pass to somebody else.
    deleted: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def __repr__(self) -> str:
        return f"<Account {self.username!r}>"

    @validates("username")
    def _set_key(self, key: str, username: str) -> str:
        self.username_key = username.lower()
        return username

    @property
    def identifier(self) -> str:
        """The OpenID that this account owns: a claimed identifier and its own local one."""
        return own_url(url_for("accounts.identity", username=self.username_key))

    @staticmethod
    def join(username: str, password: str, email: str | None) -> "Account":
        """Make an account. Raises IntegrityError when the username is taken, whatever its case."""
        # Before the transaction: hashing takes a while, and others want to write too.
        hashed_password = password_hash(password)
        with writing() as session:
            account = Account(username=username, password_hash=hashed_password, email=email)
            session.add(account)
        return account

    @staticmethod
    def find(username: str) -> "Account | None":
        """Give the account of that username, whatever its case, unless it was deleted."""
        return db.session.scalar(
            sa.select(Account).where(
                Account.username_key == username.lower(), Account.deleted.is_(None)
            )
        )

    @staticmethod
    def is_taken(username: str) -> bool:
        """Tell whether there is, or ever was, an account of that username."""
        taken = sa.exists().where(Account.username_key == username.lower())
        return db.session.scalar(sa.select(taken))

    @staticmethod
    def check(username: str, password: str) -> "Account | None":
        """Give the account of both, or None; how long it takes tells nothing of which was wrong."""
        account = Account.find(username)
        known = account.password_hash if account else _nobodys_password()
        return account if check_password_hash(known, password) and account else None

    def knows(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)

    def set_password(self, password: str) -> None:
        """Change the password, and sign the account out of every browser."""
        hashed_password = password_hash(password)
        with writing() as session:
            self.password_hash = hashed_password
            session.execute(sa.delete(AccountSignIn).where(AccountSignIn.account_id == self.id))

    def delete(self) -> None:
        """Forget all but the username."""
        with writing() as session:
            session.execute(sa.delete(AccountSignIn).where(AccountSignIn.account_id == self.id))
            session.execute(sa.delete(Consent).where(Consent.account_id == self.id))
            self.password_hash, self.email, self.deleted = "", None, now()


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
    def begin(account: Account, before: str | None = None) -> str:
        """Sign in and return the token that this browser shows from now on.

        It takes the place of the one that shows the token `before`.
        """
        token = secrets.token_urlsafe(16)
        with writing() as session:
            outdated = AccountSignIn.began < now() - SIGN_IN_ENDS_AFTER
            session.execute(sa.delete(AccountSignIn).where(outdated))
            session.add(AccountSignIn(token_hash=hashed(token), account_id=account.id))
            session.flush()
            replaced = AccountSignIn.token_hash == hashed(before or "")
            session.execute(sa.delete(AccountSignIn).where(replaced))
            _keep_newest(session, AccountSignIn, account.id, MAX_SIGN_INS)
        return token

    @staticmethod
    def find(token: str) -> "AccountSignIn | None":
        """Return the sign-in, with its account, of the browser that shows `token`, or None."""
        return db.session.scalar(
            sa.select(AccountSignIn)
            .options(joinedload(AccountSignIn.account, innerjoin=True))
            .where(
                AccountSignIn.token_hash == hashed(token),
                AccountSignIn.began > now() - SIGN_IN_ENDS_AFTER,
            )
        )

    @staticmethod
    def end(token: str) -> None:
        with writing() as session:
            session.execute(
                sa.delete(AccountSignIn).where(AccountSignIn.token_hash == hashed(token))
            )


class Consent(db.Model):
    """A realm that may learn who an account is without asking again."""

    __table_args__ = (sa.UniqueConstraint("account_id", "realm"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id", ondelete="CASCADE"))
    realm: Mapped[str] = mapped_column(sa.String(LONGEST_REALM))
    given: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    account: Mapped[Account] = relationship()

    @staticmethod
    def remember(account: Account, realm: str) -> None:
        """Ask `account` no more about `realm`; a realm too long to keep is asked about again."""
        if len(realm) > LONGEST_REALM or Consent.is_given(account, realm):
            return
        try:
            with writing() as session:
                session.add(Consent(account_id=account.id, realm=realm))
                session.flush()
                _keep_newest(session, Consent, account.id, MAX_CONSENTS)
        except IntegrityError:
            # Two tabs, one consent.
            return

    @staticmethod
    def is_given(account: Account, realm: str) -> bool:
        given = sa.exists().where(Consent.account_id == account.id, Consent.realm == realm)
        return db.session.scalar(sa.select(given))

    @staticmethod
    def of(identifiers: list[str]) -> list["Consent"]:
        """Give the consents of the accounts that own these identities."""
        start = own_url(url_for("accounts.identity", username=""))
        keys = [name.removeprefix(start) for name in identifiers if name.startswith(start)]
        return list(
            db.session.scalars(
                sa.select(Consent)
                .join(Account)
                .where(Account.username_key.in_(keys))
                .order_by(Consent.realm)
            )
        )

    @staticmethod
    def forget(consent_ids: list[int]) -> None:
        with writing() as session:
            session.execute(sa.delete(Consent).where(Consent.id.in_(consent_ids)))


def _keep_newest(session: Session, model, account_id: int, most: int) -> None:
    """Delete all but the newest rows of an account."""
    newest = sa.select(model.id).where(model.account_id == account_id)
    newest = newest.order_by(model.id.desc()).limit(most)
    session.execute(sa.delete(model).where(model.account_id == account_id, model.id.not_in(newest)))
