"""Who is signed in at our own provider in this browser; the site's sign-in is another thing."""

from contextlib import contextmanager

from flask import g, session

from app.provider.models import Account, AccountSignIn

KEY = "account"


def current() -> Account | None:
    """Give the account that is signed in here."""
    if KEY not in session:
        return None
    if "account" not in g:
        g.account = AccountSignIn.account_of(session[KEY])
    return g.account


def begin(account: Account) -> None:
    """Sign in afresh; of the session before, only the sign-ins under way go on."""
    end()
    under_way, pending = session.get("sign_ins"), session.get("requests")
    login = {key: session[key] for key in ("_user_id", "_fresh") if key in session}
    session.clear()
    session.update(login)
    if under_way:
        session["sign_ins"] = under_way
    if pending:
        session["requests"] = pending
    session[KEY] = AccountSignIn.begin(account)
    g.pop("account", None)


def end() -> None:
    """Sign out, also wherever a copy of the cookie may be."""
    if token := session.pop(KEY, None):
        AccountSignIn.end(token)
    g.pop("account", None)


@contextmanager
def kept():
    """Keep the provider's sign-in while the rest of the session is made anew."""
    token = session.get(KEY)
    yield
    if token:
        session[KEY] = token
