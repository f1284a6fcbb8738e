"""Accounts of our own provider, and what it remembers about them."""

from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship, validates

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models import Identity, MailedLink, SignIn, User, endings
from app.models.emails import links
from app.models.tokens import hashed, new_token
from app.provider.passwords import hashing
from app.provider.second_factor.models import SecondFactor

# In characters.
MAX_REALM = 500
# Of one account: browsers signed in at once, and sites that need not ask again.
MAX_SIGN_INS = 100
MAX_CONSENTS = 500
SIGN_IN_ENDS_AFTER = timedelta(days=30)


class Account(Model):
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
        return endings.own_identifier(self.username_key)

    @staticmethod
    def join(username: str, password: str, email: str | None) -> "Account":
        """Make an account and return it.

        Raises IntegrityError when the username is taken (case-insensitive), and hashing.Busy.
        """
        # Before the transaction: hashing takes a while, and others want to write too.
        hashed_password = hashing.make_hash(password)
        with writing() as session:
            account = Account(username=username, password_hash=hashed_password, email=email)
            session.add(account)
        return account

    @staticmethod
    def find(username: str) -> "Account | None":
        """Return the account with this username (case-insensitive), or None once it is deleted."""
        return db.session.scalar(
            sa.select(Account).where(
                Account.username_key == username.lower(), Account.deleted.is_(None)
            )
        )

    @staticmethod
    def of(user: User) -> "Account | None":
        """Return an account with which `user` signs in, first the one used in this browser."""
        start = endings.own_identifier("")
        key = sa.func.substr(Identity.identifier, len(start) + 1)
        here = user.sign_in.identity_id if user.sign_in else None
        return db.session.scalar(
            sa.select(Account)
            .join(Identity, Account.username_key == key)
            .where(
                Identity.user_id == user.id,
                Identity.identifier.startswith(start, autoescape=True),
                Account.deleted.is_(None),
            )
            .order_by(sa.case((Identity.id == here, 0), else_=1), Identity.id)
            .limit(1)
        )

    @staticmethod
    def is_taken(username: str) -> bool:
        """Return whether this username (case-insensitive) is, or ever was, of an account."""
        taken = sa.exists().where(Account.username_key == username.lower())
        return bool(db.session.scalar(sa.select(taken)))

    @staticmethod
    def authenticate(username: str, password: str) -> "Account | None":
        """Return the account with this username if the password matches, or None.

        Hashes a dummy when there is no such account, to prevent user enumeration.
        Raises hashing.Busy.
        """
        account = Account.find(username)
        if account is None:
            hashing.matches(None, password)
            return None
        return account if account.knows(password) else None

    def knows(self, password: str) -> bool:
        """Return whether this is the password. Raises hashing.Busy."""
        stored = self.password_hash
        # It may have been changed during the time that this takes.
        return hashing.matches(stored, password) and self.password_hash == stored

    def set_password(self, password: str, keep: int | None = None) -> None:
        """Change the password, and sign out what it began but the site's sign-in of the id `keep`.

        Raises hashing.Busy.
        """
        hashed_password = hashing.make_hash(password)
        with writing() as session:
            self.password_hash = hashed_password
            self.sign_out(session, keep)

    def sign_out(self, session: Session, keep: int | None = None) -> None:
        """End all that the account began, mailed links too, but the site's sign-in of id `keep`."""
        links.end(session, MailedLink.account_id == self.id)
        owner = sa.select(Identity.user_id).where(Identity.identifier == self.identifier)
        links.end_confirming(session, MailedLink.user_id.in_(owner))
        # First those here: nothing begins at the site any more that comes from one of them.
        session.execute(sa.delete(AccountSignIn).where(AccountSignIn.account_id == self.id))
        endings.sign_out(session, endings.hangs_on(self.identifier), keep)

    def delete(self, keep: int | None = None) -> bool:
        """Delete all but the username, and sign out what it began like a new password.

        A user here who signs in with it loses this OpenID. Returns False, and changes nothing,
        when it is their last: what they wrote would be left to nobody.
        """
        with writing() as session:
            self._lock(session)
            if endings.is_last_way_in(session, self.identifier):
                return False
            self._delete_all_but_name(session, keep)
            session.execute(sa.delete(Identity).where(Identity.identifier == self.identifier))
        return True

    def delete_with(self, user: User) -> None:
        """Delete this account and the user who signs in with it, or neither."""
        user_id = user.id
        with writing() as session:
            self._lock(session)
            endings.delete_user(session, user_id)
            self._delete_all_but_name(session)

    def _lock(self, session: Session) -> None:
        # Whoever makes a user of it at this moment is waited for, and seen then.
        row = sa.select(Account.id).where(Account.id == self.id)
        session.execute(row.with_for_update(key_share=True))

    def _delete_all_but_name(self, session: Session, keep: int | None = None) -> None:
        self.sign_out(session, keep)
        SecondFactor.delete(session, self.id)
        session.execute(sa.delete(Consent).where(Consent.account_id == self.id))
        self.password_hash, self.email, self.deleted = "", None, now()


class AccountSignIn(Model):
    """One browser that is signed in at the provider."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    account_id: Mapped[int] = mapped_column(
        sa.ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    began: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    with_code: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    account: Mapped[Account] = relationship()

    @staticmethod
    def begin(
        account: Account,
        before: str | None = None,
        sign_in_id: int | None = None,
        with_code: bool = False,
    ) -> str:
        """Sign in and return the token that this browser shows from now on.

        It takes the place of the one that shows the token `before`. The site's sign-ins in this
        browser, those of that one and the one of this id, end with the new one.
        """
        token = new_token()
        with writing() as session:
            outdated = AccountSignIn.began < now() - SIGN_IN_ENDS_AFTER
            session.execute(sa.delete(AccountSignIn).where(outdated))
            sign_in = AccountSignIn(account_id=account.id, with_code=with_code)
            sign_in.token_hash = hashed(token)
            session.add(sign_in)
            session.flush()
            replaced = AccountSignIn.token_hash == hashed(before or "")
            in_this_browser = sa.or_(
                SignIn.id == sign_in_id,
                SignIn.account_sign_in_id.in_(sa.select(AccountSignIn.id).where(replaced)),
            )
            session.execute(
                sa.update(SignIn)
                .where(in_this_browser)
                .values(account_sign_in_id=sign_in.id)
                .execution_options(synchronize_session=False)
            )
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
                # Without a code it is none where the account asks for one, however it began.
                AccountSignIn.with_code | ~SecondFactor.is_of(AccountSignIn.account_id),
            )
        )

    @staticmethod
    def sign_out(token: str) -> None:
        """Sign out the browser that shows `token`, and of the site what came from there."""
        with writing() as session:
            # On PostgreSQL whoever begins a sign-in from here is waited for, and seen afterwards.
            ending = session.execute(
                sa.select(AccountSignIn.id, Account.username_key)
                .join(AccountSignIn.account)
                .where(AccountSignIn.token_hash == hashed(token))
                .with_for_update(of=AccountSignIn)
            ).first()
            if ending is None:
                return
            began = endings.hangs_on(endings.own_identifier(ending.username_key))
            came_from_here = SignIn.account_sign_in_id == ending.id
            session.execute(sa.delete(SignIn).where(came_from_here, began))
            session.execute(sa.delete(AccountSignIn).where(AccountSignIn.id == ending.id))


class Consent(Model):
    """A realm that may learn who an account is without asking again."""

    __table_args__ = (sa.UniqueConstraint("account_id", "realm"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id", ondelete="CASCADE"))
    realm: Mapped[str] = mapped_column(sa.String(MAX_REALM))
    given: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    account: Mapped[Account] = relationship()

    @staticmethod
    def remember(account: Account, realm: str) -> None:
        """Ask `account` no more about `realm`; one too long to keep is asked about again."""
        if len(realm) > MAX_REALM or Consent.is_given(account, realm):
            return
        # Two tabs, one consent.
        with suppress(IntegrityError), writing() as session:
            session.add(Consent(account_id=account.id, realm=realm))
            session.flush()
            _keep_newest(session, Consent, account.id, MAX_CONSENTS)

    @staticmethod
    def is_given(account: Account, realm: str) -> bool:
        """Return whether `realm` may learn who `account` is without asking."""
        given = sa.exists().where(Consent.account_id == account.id, Consent.realm == realm)
        return bool(db.session.scalar(sa.select(given)))

    @staticmethod
    def of(identifiers: list[str]) -> list["Consent"]:
        """Return the consents of the accounts that own these identifiers, by realm."""
        start = endings.own_identifier("")
        keys = [name.removeprefix(start) for name in identifiers if name.startswith(start)]
        own = sa.select(Consent).join(Account).where(Account.username_key.in_(keys))
        return list(db.session.scalars(own.order_by(Consent.realm)))

    @staticmethod
    def delete(consent_ids: list[int]) -> None:
        """Delete the consents of these ids, so that those realms ask again."""
        with writing() as session:
            session.execute(sa.delete(Consent).where(Consent.id.in_(consent_ids)))


def _keep_newest(
    session: Session, model: type[AccountSignIn] | type[Consent], account_id: int, most: int
) -> None:
    """Delete all but the `most` newest rows of an account."""
    newest = sa.select(model.id).where(model.account_id == account_id)
    newest = newest.order_by(model.id.desc()).limit(most)
    session.execute(sa.delete(model).where(model.account_id == account_id, model.id.not_in(newest)))
