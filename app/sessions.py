"""What a browser holds of a sign-in: when it begins, and when nothing of it may be left."""

from flask import current_app, request, session
from flask_login import login_user, logout_user

from app.models import SignIn, User
from app.provider import sign_ins


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


def forget() -> None:
    """Leave nothing in this browser, nor at our own provider, that signs anybody in again."""
    sign_ins.end()
    logout_user()
    # The one thing still needed: Flask-Login's note to itself to take its cookie back.
    note = session.get("_remember")
    session.clear()
    if note:
        session["_remember"] = note
