"""Turning the second factor of an account on and off; each ends what was begun without it."""

import sqlalchemy as sa
from flask import current_app

from app.database import writing
from app.failures.redaction import OwnWord
from app.models.tokens import hashed
from app.provider import letters
from app.provider.models import Account, AccountSignIn
from app.provider.second_factor.models import RecoveryCode, SecondFactor


class Ended(Exception):
    """Whoever asked for a change has been signed out meanwhile."""


def turn_on(account: Account, salt: str, step: int, token: str, keep: int | None) -> list[str]:
    """Ask for codes from now on, and return the recovery codes.

    `step` is that of the code which showed that it works; `token` is of the sign-in which asked.
    All others of the account end, but the site's of the id `keep`. Raises Ended, and
    IntegrityError when it is on already.
    """
    with writing() as session:
        # Locked: a new password ends all sign-ins, and nothing begins from one that has ended.
        asking = sa.select(AccountSignIn.id).where(
            AccountSignIn.token_hash == hashed(token), AccountSignIn.account_id == account.id
        )
        if session.scalar(asking.with_for_update()) is None:
            raise Ended
        session.add(SecondFactor(account_id=account.id, salt=salt, last_step=step))
        session.flush()
        codes = RecoveryCode.renew(session, account.id)
        account.sign_out(session, keep)
    second_factor_changed(account, "on")
    return codes


def renew_codes(account: Account) -> list[str]:
    """Return new recovery codes; those before are worth nothing any more."""
    with writing() as session:
        codes = RecoveryCode.renew(session, account.id)
    second_factor_changed(account, "new recovery codes")
    return codes


def turn_off(account: Account) -> bool:
    """Ask for the password alone from now on; return whether there was a second factor."""
    with writing() as session:
        was_on = SecondFactor.delete(session, account.id)
    if was_on:
        second_factor_changed(account, "off")
    return was_on


def second_factor_changed(account: Account, change: str) -> None:
    """Write to the owner of a change, and log it: all that follows one happens here."""
    letters.second_factor_changed(account, change)
    current_app.logger.info("second factor of account %s: %s", account.id, OwnWord(change))
