"""Showing that an account is one's own: by the password, and a code where one is asked for."""

from flask import current_app

from app.provider.forms import CodeField, typed
from app.provider.models import Account
from app.provider.passwords import guesses
from app.provider.passwords.guesses import guess
from app.provider.second_factor.models import SecondFactor, is_of_app

WRONG_PASSWORD = "That is not your password."
WRONG_CODE = (
    "That code is not right. Each works once and for half a minute, so please type the one "
    "that your app shows now."
)


def is_owner(account: Account, password, code: CodeField | None) -> bool:
    """Return whether the fields hold what opens `account`, or say beside one that they do not.

    Raises guesses.GuessedTooOften and hashing.Busy.
    """
    with guess(account.username) as one:
        one.is_right = account.knows(password.data)
    if not one.is_right:
        password.errors = [WRONG_PASSWORD]
        return False
    return code is None or has_code(account, code)


def has_code(account: Account, field: CodeField) -> bool:
    """Return whether the field holds a code of `account`, which is used up then, or say so there.

    Raises guesses.GuessedTooOften.
    """
    code = typed(field.data)
    kind = guesses.CODE if is_of_app(code) else guesses.RECOVERY_CODE
    with guess(account.username, kind) as one:
        one.is_right = SecondFactor.accepts(account.id, code)
    if not one.is_right:
        current_app.logger.warning("wrong code for account %s", account.id)
        field.errors = [WRONG_CODE]
    return one.is_right
