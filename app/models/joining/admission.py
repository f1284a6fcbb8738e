"""Who may become a user: the one decision about every newcomer, whichever way they came.

Adding an OpenID, a new password and a sign-in of somebody who is a user already make nobody,
and are not asked about here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from app.database import now, writing
from app.models.joining.applications import Application
from app.models.joining.invitations import Invitation
from app.models.moderation.actions import Action
from app.models.names import IdentifierRefused, RefusedIdentifier
from app.models.notifications import Notification
from app.models.sign_ins import SignInEnded
from app.models.users import User

# The kind of notification that a newcomer reads on the first visit.
WELCOME = "approval"


class Entry(Enum):
    """What becomes of a newcomer: welcome at once, or not; the words are of the setting JOIN."""

    WELCOME = "welcome"
    # They may ask, and a moderator answers.
    ASK = "ask"
    # They need an invitation.
    INVITE = "invite"
    CLOSED = "closed"
    # Their OpenID was removed by a moderator.
    REFUSED = "refused"


class NotWelcome(Exception):
    """A newcomer may not become a user now; `entry` says what they may do."""

    def __init__(self, entry: Entry):
        super().__init__(entry.value)
        self.entry = entry


class AnsweredAlready(Exception):
    """Another moderator has answered the application meanwhile."""


def decide(identifier: str | None = None, token: str | None = None) -> Entry:
    """Return what becomes of a newcomer with this claimed identifier and invitation.

    Without an identifier it is what a visitor can be told who has not proved anything yet.
    """
    if identifier is not None and RefusedIdentifier.includes(identifier):
        return Entry.REFUSED
    join = current_app.config["JOIN"]
    if join == "open" or (token is not None and Invitation.find(token) is not None):
        return Entry.WELCOME
    return Entry(join)


def told(token: str | None) -> dict[str, object]:
    """Return what a visitor is told before they prove anything: their `entry` in a word, and
    the `invitation` that lets them in, or None."""
    invitation = None if token is None else Invitation.find(token)
    entry = decide() if invitation is None else Entry.WELCOME
    return {"entry": entry.value, "invitation": invitation}


def admit(identifier: str, nickname: str, email: str | None, token: str | None) -> User:
    """Return the new user, with a nickname as near to `nickname` as is free.

    The invitation is used in the same transaction, and an application ends with it.
    Raises NotWelcome, also when somebody else was quicker with the invitation.
    """
    with _refusal_told():
        return User.sign_up(identifier, nickname, email, also=_entry(identifier, token))


def admit_as(identifier: str, nickname: str, email: str | None, token: str | None) -> User:
    """Return the new user of exactly this nickname. Raises IntegrityError when it is taken."""
    with _refusal_told():
        return User.sign_up_as(identifier, nickname, email, also=_entry(identifier, token))


@contextmanager
def _refusal_told() -> Iterator[None]:
    try:
        yield
    except IdentifierRefused as error:
        raise NotWelcome(Entry.REFUSED) from error


def _entry(identifier: str, token: str | None):
    def enter(session: Session, user: User) -> None:
        # First it is used, then asked: of several at once all but one find it used.
        invitation = None if token is None else Invitation.redeem(session, token)
        entry = decide(identifier)
        if entry is Entry.REFUSED or (invitation is None and entry is not Entry.WELCOME):
            raise NotWelcome(entry)
        if invitation is not None:
            invitation.user_id, user.role = user.id, invitation.role
            if invitation.inviter_id is not None:
                Notification.tell(session, invitation.inviter_id, "", "invitation", user.id)
        session.execute(sa.delete(Application).where(Application.identifier == identifier))

    return enter


def approve(application: Application, moderator: User, sentence: str = "") -> User | None:
    """Return the user who is made of the newcomer, with a nickname as near as is free.

    On their first visit they read who let them in, and the `sentence` if there is one.
    None means that there is nothing to approve any more: another moderator was quicker, their
    account is deleted, or JOIN is closed, under which only the keeper lets anybody in.
    """
    # Whatever is loaded has to be read again inside a transaction that writes.
    waits, moderator_id, name = application.still_waits(), moderator.id, moderator.nickname
    ends = sa.delete(Application).where(waits).returning(Application.id)
    values = (application.identifier, application.nickname, application.email)
    is_new: list[User] = []

    def settle(session: Session, user: User) -> None:
        if session.scalar(ends) is None:
            raise AnsweredAlready
        session.add(
            Action(
                kind="approve",
                moderator_id=moderator_id,
                moderator_name=name,
                user_id=user.id,
                reason=sentence or "Asked to join.",
            )
        )
        text = f"{name}, a moderator, let you in." + (
            f" They write: {sentence}" if sentence else ""
        )
        Notification.tell(session, user.id, text, WELCOME)
        is_new.append(user)

    if current_app.config["JOIN"] == "closed":
        return None
    try:
        user = User.sign_up(*values, also=settle)
    except AnsweredAlready:
        return None
    except SignInEnded:
        # Their account of this site is deleted meanwhile.
        with writing() as session:
            session.execute(ends)
        return None
    if is_new:
        return user
    # The OpenID has a user, of another moderator's making or in another way, of which the
    # application knows nothing yet.
    with writing() as session:
        return user if session.scalar(ends) is not None else None


def refuse(application: Application, moderator: User, sentence: str) -> bool:
    """Answer with a sentence; False when another moderator was quicker."""
    waits, moderator_id, name = application.still_waits(), moderator.id, moderator.nickname
    with writing() as session:
        answered = session.scalar(
            sa.update(Application)
            .where(waits)
            .values(refused=now(), answer=sentence)
            .returning(Application.id)
            .execution_options(synchronize_session=False)
        )
        if answered is None:
            return False
        session.add(
            Action(kind="refuse", moderator_id=moderator_id, moderator_name=name, reason=sentence)
        )
    return True
