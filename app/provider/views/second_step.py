"""What comes after the password: the code, where the account asks for one, and then the way on.

That the password was right is noted in this browser's session, for this page alone.
"""

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.database import now
from app.extensions import db, limiter
from app.models.tokens import derived
from app.provider import sign_ins
from app.provider.forms import CodeForm
from app.provider.models import Account
from app.provider.passwords import guesses
from app.provider.protocol import answers
from app.provider.protocol.requests import PendingRequest
from app.provider.second_factor.models import SecondFactor
from app.provider.second_factor.proof import has_code
from app.web import browser_session
from app.web.browser_session import PasswordProof
from app.web.headers import allow_offsite_form_action

bp = Blueprint("second_step", __name__)

PASSWORD_LASTS = timedelta(minutes=5)
# Wrong codes from one address, for however many accounts; guesses.py counts for each.
WRONG_LIMIT = "25 per 5 minutes"
TOO_LATE = "That took more than five minutes, so please type your password again."


def after_password(account: Account, pending: PendingRequest | None) -> ResponseReturnValue:
    """Return the way on for whoever has just typed the password of `account`."""
    if SecondFactor.of(account.id) is None:
        return go_on(account, pending)
    note_password(account)
    return redirect(url_for("second_step.code", request=pending.token if pending else None))


def go_on(
    account: Account, pending: PendingRequest | None, with_code: bool = False
) -> ResponseReturnValue:
    """Sign in to `account`, and return the way to the site that asked, or to the front page."""
    token = pending and pending.token
    sign_ins.begin(account, with_code)
    if token is None:
        return redirect(url_for("provider.endpoint"))
    return redirect(url_for("provider.consent", request=token))


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


def _stamp(account: Account) -> str:
    # Of another password it is another.
    return derived("password was right", f"{account.id}/{account.password_hash}").hex()[:32]


def _halfway() -> Account | None:
    """Return the account whose code is the next step in this browser, or None."""
    proof = browser_session.password_proof()
    if proof is None or proof.salt is not None:
        return None
    account = proved_account(proof, PASSWORD_LASTS)
    return account if account and SecondFactor.of(account.id) else None


def _in_known_browser() -> bool:
    account = _halfway()
    return account is not None and guesses.is_known_to(account.username)


@bp.route("/openid/code", methods=["GET", "POST"])
@limiter.limit(
    WRONG_LIMIT,
    methods=["POST"],
    deduct_when=lambda response: g.get("guessed_wrong", False),
    exempt_when=_in_known_browser,
)
def code():
    """Ask for a code whoever has just typed the password of an account that wants one."""
    pending, asked = answers.pending_request()
    allow_offsite_form_action()
    account = _halfway()
    if account is None or (asked and not answers.is_own(asked, account)):
        if request.method == "POST":
            flash(TOO_LATE, "error")
        return redirect(url_for("accounts.sign_in", request=pending.token if pending else None))
    form = CodeForm()
    if form.validate_on_submit() and has_code(account, form.code):
        return go_on(account, pending, with_code=True)
    page = render_template("provider/code.html", form=form, pending=pending, account=account)
    return (page, 400) if form.errors else page
