"""Who is signed in at our own provider in this browser; the site's sign-in is another thing."""

from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import g, session
from flask_login import current_user

from app.database import now
from app.provider.models import Account, AccountSignIn
from app.provider.passwords import known_browsers

KEY = "account"
PROOF_LASTS = timedelta(minutes=5)


def current() -> Account | None:
    """Give the account that is signed in here."""
    return _found()[0]


def began() -> datetime:
    """Return when the password of the account that is signed in here was typed."""
    return _found()[1]


def is_fresh(max_age: timedelta | None, asked: datetime | None) -> bool:
    """Tell whether that was no longer ago than `max_age`, or on behalf of a request of `asked`."""
    if max_age is None:
        return True
    age = now() - began()
    # However little is allowed, it takes a moment to come back from typing it.
    return age <= max_age or (asked is not None and began() >= asked and age <= PROOF_LASTS)


def here() -> AccountSignIn | None:
    """Return this browser's sign-in here, or None; what it holds is true until the next write."""
    return AccountSignIn.find(session[KEY]) if KEY in session else None


def begin(account: Account) -> None:
    """Sign in afresh; of the session before, only the sign-ins under way go on."""
    before = session.get(KEY)
    in_hand = current_user.sign_in.id if current_user.is_authenticated else None
    token = AccountSignIn.begin(account, before, in_hand)
    under_way = session.get("sign_ins")
    login = {key: session[key] for key in ("_user_id", "_fresh") if key in session}
    session.clear()
    session.update(login)
    if under_way:
        session["sign_ins"] = under_way
    session[KEY] = token
    known_browsers.mark(account)
    g.pop(KEY, None)


def end() -> None:
    """Sign out, also wherever a copy of the cookie may be, and of this site what came from it."""
    if token := session.pop(KEY, None):
        AccountSignIn.end(token)
    g.pop(KEY, None)


def _found() -> tuple[Account | None, datetime | None]:
    if KEY not in session:
        return None, None
    if KEY not in g:
        sign_in = AccountSignIn.find(session[KEY])
        setattr(g, KEY, (sign_in.account, sign_in.began) if sign_in else (None, None))
    return g.get(KEY)


@contextmanager
def kept():
    """Keep the provider's sign-in while the rest of the session is made anew."""
    token = session.get(KEY)
    yield
    if token:
        session[KEY] = token
