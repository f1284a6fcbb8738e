"""Who is signed in at our own provider in this browser; the site's sign-in is another thing."""

from contextlib import suppress
from datetime import datetime, timedelta

from flask import g
from flask_login import current_user

from app.database import now
from app.models import SignInEnded, User
from app.provider.models import Account, AccountSignIn
from app.provider.passwords import known_browsers
from app.web import browser_session
from app.web import sign_ins as site_sign_ins

PROOF_LASTS = timedelta(minutes=5)


def current() -> Account | None:
    """Return the account that is signed in here, or None."""
    return _found()[0]


def began() -> datetime | None:
    """Return when the password of the account that is signed in here was typed, or None."""
    return _found()[1]


def with_code() -> bool:
    """Return whether the account's second factor was asked for, too."""
    return _found()[2]


def is_fresh(max_age: timedelta | None, asked: datetime | None) -> bool:
    """Return whether that was at most `max_age` ago, or on behalf of a request of `asked`."""
    if max_age is None:
        return True
    typed = began()
    if typed is None:
        return False
    age = now() - typed
    # However little is allowed, it takes a moment to come back from typing it.
    return age <= max_age or (asked is not None and typed >= asked and age <= PROOF_LASTS)


def here() -> AccountSignIn | None:
    """Return this browser's sign-in here, or None; what it holds is true until the next write."""
    token = browser_session.account_token()
    return AccountSignIn.find(token) if token else None


def at_site() -> int | None:
    """Return the id of the site's sign-in in this browser, or None."""
    return current_user.sign_in.id if current_user.is_authenticated else None


def begin(account: Account, with_code: bool = False) -> None:
    """Sign in afresh; of the session before, only the sign-ins under way go on."""
    before = browser_session.account_token()
    token = AccountSignIn.begin(account, before, at_site(), with_code)
    browser_session.begin_account(token)
    known_browsers.mark(account)
    g.pop("account", None)


def begin_anew(account: Account, with_code: bool = False) -> None:
    """Sign in afresh whoever has just changed how that is done, here and at the site."""
    begin(account, with_code)
    # They have proved the OpenID too, and copies of this browser's cookies are worth no more
    # than what was changed.
    if current_user.is_authenticated:
        owner = User.of_identifier(account.identifier)
        if owner and owner.id == current_user.id:
            with suppress(SignInEnded):
                site_sign_ins.renew(account.identifier, now())


def sign_out() -> None:
    """Sign out, also wherever a copy of the cookie may be, and of this site what came from it."""
    if token := browser_session.account_token():
        AccountSignIn.sign_out(token)
    browser_session.sign_out_account()
    g.pop("account", None)


def _found() -> tuple[Account | None, datetime | None, bool]:
    if "account" not in g:
        sign_in = here()
        g.account = (None, None, False)
        if sign_in:
            g.account = (sign_in.account, sign_in.began, sign_in.with_code)
    return g.account
