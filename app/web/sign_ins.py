"""The site's sign-in in this browser: how it begins, is proved again and used."""

import time
from datetime import datetime

from flask import current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.models import LAST_SEEN_EVERY, CurrentUser, SignIn, User
from app.web import browser_session, known_browsers

# When last_seen could not be written last, as time.monotonic() counts.
FAILED = "last_seen_failed"


def begin(
    user: User,
    identifier: str,
    remember: bool,
    proved: datetime,
    account_sign_in_id: int | None,
    is_new: bool = False,
) -> None:
    """Sign `user` in with `identifier`, in a session that keeps nothing of the one before.

    What stays is the sign-in at our own provider, which has the id `account_sign_in_id`.
    A user who is not new is told when it is the first in this browser.
    Raises SignInEnded like SignIn.begin.
    """
    user.sign_in_token = SignIn.begin(
        user.id,
        identifier,
        remember,
        request.user_agent.string,
        proved,
        account_sign_in_id,
        current_user.sign_in.id if current_user.is_authenticated else None,
        is_known=is_new or known_browsers.is_known(user.id),
    )
    known_browsers.remember(user.id)
    browser_session.begin(user, remember)
    current_app.logger.info("sign-in of user %s", user.id)


def renew(identifier: str, proved: datetime) -> None:
    """Note that the user proved an OpenID of theirs again, here and in no copy of the cookies.

    Raises SignInEnded like SignIn.renew.
    """
    user = current_user._get_current_object()
    user.sign_in_token = SignIn.renew(user.sign_in, identifier, proved)
    browser_session.renew(user, user.sign_in.remembered)
    current_app.logger.info("user %s proved an OpenID again", user.id)


def note_use(user: CurrentUser) -> None:
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
