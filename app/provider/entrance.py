"""The one place where a username and a password open an account of this site's provider.

Where a code is asked for too, that the password was right is noted in this browser's session.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import current_app, g
from openid.server.server import CheckIDRequest

from app.database import now
from app.extensions import db, limiter
from app.models.tokens import derived
from app.provider import sign_ins
from app.provider.forms import SignInForm
from app.provider.models import Account
from app.provider.passwords import guesses
from app.provider.passwords.guesses import guess
from app.provider.protocol import answers
from app.provider.second_factor.models import SecondFactor
from app.web import browser_session
from app.web.browser_session import PasswordProof

PASSWORD_LASTS = timedelta(minutes=5)


def wrong_limit(is_for_account: Callable[[], bool] = lambda: True):
    """Return what limits wrong passwords on a page, of those forms that are for an account.

    They are counted for one address, for however many accounts and on all pages together;
    guesses.py counts for each account.
    """
    return limiter.shared_limit(
        "25 per 5 minutes",
        "wrong passwords",
        methods=["POST"],
        deduct_when=lambda response: g.get("guessed_wrong", False),
        exempt_when=lambda: not is_for_account() or guesses.in_known_browser(),
    )


def authenticate(form: SignInForm, asked: CheckIDRequest | None = None) -> Account | None:
    """Return the account that `form`, a valid one, opens; None says the form itself.

    With `asked` it is one that this request may be answered with.
    Raises GuessedTooOften and hashing.Busy.
    """
    username, password = form.username.data or "", form.password.data or ""
    with guess(username) as one:
        account = Account.authenticate(username, password)
        one.is_right = account is not None
    if account is None or not (asked is None or answers.is_own(asked, account)):
        # Which of them it was would tell whether there is such an account.
        current_app.logger.warning("sign-in to an account refused: wrong username or password")
        form.refuse()
        return None
    return account


def enter(account: Account) -> bool:
    """Sign in to `account`, whose password was just typed here, and return True.

    Where it asks for a code, note the password for the page that asks, and return False.
    """
    if SecondFactor.of(account.id) is None:
        sign_ins.begin(account)
        return True
    note_password(account)
    return False


def note_password(account: Account, salt: str | None = None) -> None:
    """Note in this browser that the password of `account` was right just now.

    With a `salt` it was typed to set up the second factor that has it, and not to sign in.
    """
    proof = PasswordProof(account.id, _stamp(account), int(now().timestamp()), salt)
    browser_session.set_password_proof(proof)


def proved_account(proof: PasswordProof | None, lasts: timedelta) -> Account | None:
    """Return whose password was typed here, less than `lasts` ago and still is it, or None."""
    if proof is None or abs(now().timestamp() - proof.typed) > lasts.total_seconds():
        return None
    account = db.session.get(Account, proof.account_id)
    return account if account and _stamp(account) == proof.stamp else None


def halfway() -> Account | None:
    """Return the account whose code is the next step in this browser, or None."""
    proof = browser_session.password_proof()
    if proof is None or proof.salt is not None:
        return None
    account = proved_account(proof, PASSWORD_LASTS)
    return account if account and SecondFactor.of(account.id) else None


def is_halfway(asked: CheckIDRequest) -> bool:
    """Return whether a code is all that is missing to answer this request with an account."""
    account = halfway()
    return account is not None and answers.is_own(asked, account)


def _stamp(account: Account) -> str:
    # Of another password it is another.
    return derived("password was right", f"{account.id}/{account.password_hash}").hex()[:32]
