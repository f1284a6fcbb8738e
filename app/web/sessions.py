"""A browser's sign-in: how it begins, is proved again, used, and leaves nothing behind."""

import time
from datetime import datetime

from flask import current_app, request, session
from flask_login import current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from app.database import now
from app.models import LAST_SEEN_EVERY, SignIn, User, endings
from app.provider import sign_ins

# When last_seen could not be written last, as time.monotonic() counts.
FAILED = "last_seen_failed"


def proof_time(identifier: str, auth_time: datetime | None) -> datetime | None:
    """Return when the visitor proved `identifier`, which a provider has just vouched for.

    That is `auth_time`, if the provider tells it, otherwise now; at our own provider it is when
    the password was typed. None is a proof that has outlived what it came from: an answer of
    ours can be kept back until the sign-in there has ended, and is worth nothing then.
    """
    if not identifier.startswith(endings.own_identifier("")):
        return min(auth_time or now(), now())
    here = sign_ins.here()
    return here.began if here and here.account.identifier == identifier else None


def begin(user: User, identifier: str, remember: bool, proved: datetime) -> None:
    """Sign `user` in with `identifier`, in a session that keeps nothing of the one before.

    What stays is the sign-in at our own provider. Raises SignInEnded like SignIn.begin.
    """
    here = sign_ins.here()
    user.sign_in_token = SignIn.begin(
        user,
        identifier,
        remember,
        request.user_agent.string,
        proved,
        here and here.id,
        current_user.sign_in.id if current_user.is_authenticated else None,
    )
    with sign_ins.kept():
        session.clear()
    _hand_over(user, remember)
    current_app.logger.info("sign-in of user %s", user.id)


def renew(identifier: str, proved: datetime) -> None:
    """Note that the user proved an OpenID of theirs again, here and in no copy of the cookies.

    Raises SignInEnded like SignIn.renew.
    """
    user = current_user._get_current_object()
    user.sign_in_token = SignIn.renew(user, identifier, proved)
    _hand_over(user, user.sign_in.remembered)
    current_app.logger.info("user %s proved an OpenID again", user.id)


def _hand_over(user: User, remember: bool) -> None:
    login_user(user, remember=remember)
    # Flask-Login's fingerprint of the browser, which nothing here looks at.
    session.pop("_id", None)


def note_use(user: User) -> None:
    """Keep that `user` is here; that it cannot be written is a line in the log, and no failure.

    After that the process does not try again for a while: each attempt may have to wait.
    """
    failed = current_app.extensions.get(FAILED)
    if failed is not None and time.monotonic() < failed + LAST_SEEN_EVERY.total_seconds():
        return
    try:
        user.touch_last_seen()
    except SQLAlchemyError as error:
        current_app.extensions[FAILED] = time.monotonic()
        reason = getattr(error, "orig", None) or error
        current_app.logger.warning("last_seen could not be written: %s", reason)


def forget() -> None:
    """Leave nothing in this browser, nor at our own provider, that signs anybody in again."""
    sign_ins.end()
    logout_user()
    # The one thing still needed: Flask-Login's note to itself to take its cookie back.
    note = session.get("_remember")
    session.clear()
    if note:
        session["_remember"] = note
