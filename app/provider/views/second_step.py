"""What comes after the password: the code, where the account asks for one, and then the way on.

That the password was right is noted in this browser's session, for this page alone.
"""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.extensions import limiter
from app.openid.relying_party import SignInRefused, oid
from app.provider import entrance, sign_ins
from app.provider.forms import CodeForm
from app.provider.models import Account
from app.provider.passwords import guesses
from app.provider.protocol import answers
from app.provider.protocol.requests import PendingRequest
from app.provider.second_factor.proof import has_code
from app.web.headers import allow_offsite_form_action

bp = Blueprint("second_step", __name__)

# Wrong codes from one address, for however many accounts; guesses.py counts for each.
WRONG_LIMIT = "25 per 5 minutes"
TOO_LATE = "That took more than five minutes, so please type your password again."


def after_password(account: Account, pending: PendingRequest | None) -> ResponseReturnValue:
    """Return the way on for whoever has just typed the password of `account`."""
    token = pending.token if pending else None
    if entrance.enter(account):
        return _way_on(token)
    return redirect(url_for("second_step.code", request=token))


def go_on(
    account: Account, pending: PendingRequest | None, with_code: bool = False
) -> ResponseReturnValue:
    """Sign in to `account`, and return the way on."""
    token = pending.token if pending else None
    sign_ins.begin(account, with_code)
    return _way_on(token)


def _way_on(token: str | None) -> ResponseReturnValue:
    """Return the way to the site that asked, or to this one if it is where a newcomer began."""
    if token is not None:
        return redirect(url_for("provider.consent", request=token))
    if "next" not in request.args or current_user.is_authenticated:
        return redirect(url_for("provider.endpoint"))
    try:
        return oid.try_own_provider()
    except SignInRefused as refused:
        flash(str(refused), "error")
        return redirect(url_for("auth.login", next=oid.get_next_url()))


def _in_known_browser() -> bool:
    account = entrance.halfway()
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
    account = entrance.halfway()
    if account is None or (asked and not answers.is_own(asked, account)):
        if request.method == "POST":
            flash(TOO_LATE, "error")
        return redirect(url_for("accounts.sign_in", request=pending.token if pending else None))
    form = CodeForm()
    if form.validate_on_submit() and has_code(account, form.code):
        return go_on(account, pending, with_code=True)
    page = render_template("provider/code.html", form=form, pending=pending, account=account)
    return (page, 400) if form.errors else page
