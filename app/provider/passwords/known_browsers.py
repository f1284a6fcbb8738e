"""Browsers in which an account was signed in to before: strangers' guesses do not slow them.

Each has a cookie with a random mark, signed for the account with its present password and
second factor (OWASP: device cookies). It opens nothing, and new ones make it worthless.
"""

import re
import secrets
from datetime import timedelta

from flask import after_this_request, current_app, request
from itsdangerous import BadSignature, Signer

from app.provider.models import Account
from app.provider.second_factor.models import SecondFactor

MAX_ACCOUNTS = 4
KEPT_FOR = timedelta(days=365)
SEPARATOR = "~"
TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def mark(account: Account) -> None:
    """Know this browser when somebody signs in to `account` in it the next time."""
    token = _signer(account).sign(secrets.token_urlsafe(8)).decode()
    others = [other for other in _tokens() if mark_in([other], account) is None]
    secure = current_app.config["SESSION_COOKIE_SECURE"]

    @after_this_request
    def set_cookie(response):
        response.set_cookie(
            _cookie_name(),
            SEPARATOR.join([token, *others][:MAX_ACCOUNTS]),
            max_age=KEPT_FOR,
            httponly=True,
            secure=secure,
            samesite="Lax",
        )
        return response


def known_mark(account: Account) -> str | None:
    """Return the mark of this browser, or None when `account` was never signed in to here."""
    return mark_in(_tokens(), account)


def mark_in(tokens: list[str], account: Account) -> str | None:
    """Return the first mark among `tokens` that was made for `account`, or None."""
    signer = _signer(account)
    for token in tokens:
        try:
            return signer.unsign(token).decode()
        except BadSignature:
            continue
    return None


def has_any() -> bool:
    """Return whether any account may have been signed in to in this browser."""
    return bool(_tokens())


def _tokens() -> list[str]:
    sent = request.cookies.get(_cookie_name(), "").split(SEPARATOR)
    return [token for token in sent if TOKEN.fullmatch(token)][:MAX_ACCOUNTS]


def _cookie_name() -> str:
    return "__Host-known" if current_app.config["SESSION_COOKIE_SECURE"] else "known"


def _signer(account: Account) -> Signer:
    salt = f"known browser/{account.id}/{account.password_hash}"
    if factor := SecondFactor.of(account.id):
        salt += f"/{factor.salt}"
    return Signer(current_app.config["SECRET_KEY"], salt=salt)
