"""Forgotten passwords: a letter with a link to a new one.

An account is found by way of a user of this site: whoever reads the mail that comes to an
address that a user has confirmed may choose new passwords of the accounts with which that user
signs in. What an account itself says of its owner's address is verified by nobody.
"""

import math
import time
from collections import deque
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session

from app.database import writing
from app.extensions import db
from app.mail.letters import to_member
from app.models import ConfirmedEmail, Identity, MailedLink, User, endings
from app.models.emails import links
from app.provider.letters import RECOVER as PATH
from app.provider.models import Account
from app.provider.passwords import hashing
from app.web.origin import own_url

# Asked for and not written yet; what is more gets no letter.
MAX_ASKED = 100
# The page that answers is long done by then, so that its time tells nothing.
DELAY_SECONDS = 1.0
# Of one address, whose owners most often are two or three.
MAX_USERS = 10
NOT_YOU = "If it was not you, do nothing: no password has been changed."


def init_app(app: Flask) -> None:
    """Let letters be written in the mail thread of `app`."""
    app.extensions["recovery"] = RecoveryLetters(app)


class RecoveryLetters:
    """A mail.queue.Writer, so that no visitor can tell whether there is anything to write."""

    def __init__(self, app: Flask):
        self.app, self.queue = app, app.extensions["mail"]
        self.start_afresh()
        self.queue.writers.append(self)

    def start_afresh(self) -> None:
        # What was typed, and when to look at it, as time.monotonic() counts.
        self.asked: deque[tuple[float, str]] = deque()

    def ask(self, typed: str) -> None:
        """Write to the owner of a username or an address soon, if there is one."""
        with self.queue.bell:
            if len(self.asked) < MAX_ASKED:
                self.asked.append((time.monotonic() + DELAY_SECONDS, typed))
        self.queue.ring()

    # From here on, everything happens in the mail thread.

    def seconds_left(self) -> float:
        return self.asked[0][0] - time.monotonic() if self.asked else math.inf

    def write(self, is_last: bool) -> None:
        while self.asked and (is_last or self.seconds_left() <= 0):
            try:
                with self.app.app_context():
                    write_letters(self.asked[0][1])
            except Exception as error:
                # Of a failing database the pages tell; here it must not end other letters.
                self.queue.warn(f"a letter about a password was not written: {type(error)}")
            finally:
                self.asked.popleft()

    def unwritten(self) -> list[str]:
        left = ["about a password"] * len(self.asked)
        self.asked.clear()
        return left


def write_letters(typed: str) -> None:
    """Write to whoever has the username or confirmed address that somebody typed."""
    account: Account | None = None
    if "@" in typed:
        same = ConfirmedEmail.address_key == typed.lower()
        emails = list(db.session.scalars(sa.select(ConfirmedEmail).where(same).limit(MAX_USERS)))
    else:
        account = Account.find(typed)
        owner = User.of_identifier(account.identifier) if account else None
        email = ConfirmedEmail.of(owner.id) if owner else None
        emails = [email] if email else []
    # Two users may share an address, and one letter tells of both. Addresses that only look
    # alike may be two people's, so that each gets what is for it.
    letters: dict[str, list[str]] = {}
    for email in emails:
        address = email.address
        letters.setdefault(address, []).extend(_parts(email, account))
    for address, parts in letters.items():
        if parts:
            text = "\n\n".join(["Somebody, most likely you, cannot get in.", *parts, NOT_YOU])
            to_member(address, "How you get in again", text)


def _parts(email: ConfirmedEmail, only: Account | None = None) -> list[str]:
    """Return what a letter says to one user, of one of their accounts or all."""
    user_id, address = email.user_id, email.address
    user = db.session.get(User, user_id)
    if user is None:
        return []
    nickname, identifiers = user.nickname, user.identifiers()
    start = endings.own_identifier("")
    own = [one.removeprefix(start) for one in identifiers if one.startswith(start)]
    accounts = [only] if only else list(filter(None, map(Account.find, own)))
    parts = []
    for number, username in [(account.id, account.username) for account in accounts]:
        if token := MailedLink.to_recover(user_id, address, number):
            link = own_url(f"{PATH}?{urlencode({'token': token})}")
            parts.append(
                f"Here you can choose a new password for your account {username}, once and within "
                f"half an hour:\n\n{link}"
            )
    if not accounts and MailedLink.to_recover(user_id, address, None):
        ways = "\n".join(identifiers)
        parts.append(
            f"{nickname} has no password at this site, but signs in with an OpenID. Whoever gave "
            f"it to you can help you:\n\n{ways}"
        )
    return parts


def account_of(token: str) -> Account | None:
    """Return the account that gets a new password by this token, or None once it has ended."""
    link = MailedLink.find(links.RECOVER, token)
    return _standing(db.session(), link) if link else None


def renew(token: str, password: str) -> Account | None:
    """Let this be the password, and end every sign-in of the account and of its user.

    Returns None when the token has ended. Raises hashing.Busy.
    """
    hashed_password = hashing.make_hash(password)
    with writing() as session:
        link = MailedLink.find(links.RECOVER, token)
        if link is None:
            return None
        # In this order everywhere, so that no two wait for each other.
        links.lock(session, link.user_id)
        session.get(Account, link.account_id, with_for_update=True)
        link = links.use(session, links.RECOVER, token)
        account = _standing(session, link) if link else None
        if link is None or account is None:
            return None
        account.password_hash = hashed_password
        account.sign_out(session)
        endings.sign_out_everywhere(session, link.user_id)
        current_app.logger.info("account %s got a new password by mail", account.id)
    return account


def _standing(session: Session, link: MailedLink) -> Account | None:
    """Return the account of a link, if all on which the link stood is as it was."""
    account = session.get(Account, link.account_id) if link.account_id else None
    if account is None or account.deleted:
        return None
    theirs = sa.exists().where(
        Identity.identifier == account.identifier,
        Identity.user_id == link.user_id,
        ConfirmedEmail.user_id == Identity.user_id,
        ConfirmedEmail.address_key == link.address_key,
    )
    return account if session.scalar(sa.select(theirs)) else None
