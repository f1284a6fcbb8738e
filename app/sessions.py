"""A browser's sign-in: how it begins, is used, and ends with nothing left of it."""

import time

from flask import current_app, request, session
from flask_login import login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from app.models import LAST_SEEN_EVERY, SignIn, User
from app.provider import sign_ins

# When last_seen could not be written last, as time.monotonic() counts.
FAILED = "last_seen_failed"


def begin(user: User, identifier: str, remember: bool) -> None:
    """Sign `user` in with `identifier`, in a session that keeps nothing of the one before.

    What stays is the sign-in at our own provider, and what the page is about to say.
    """
    flashes = session.get("_flashes", [])
    with sign_ins.kept():
        session.clear()
    session["_flashes"] = flashes
    user.sign_in_token = SignIn.begin(user, identifier, remember, request.user_agent.string)
    login_user(user, remember=remember)
    # Flask-Login's fingerprint of the browser, which nothing here looks at.
    session.pop("_id", None)
    current_app.logger.info("sign-in of user %s", user.id)


def note_use(user: User) -> None:
    """Keep that `user` is here; that it cannot be written is a line in the log, and no failure.

    After that the process does not try again for a while: each attempt may have to wait.
    """
    failed = current_app.extensions.get(FAILED)
    if failed is not None and time.monotonic() < failed + LAST_SEEN_EVERY.total_seconds():
        return
    try:
        user.see()
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
