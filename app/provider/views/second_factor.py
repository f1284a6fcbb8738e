"""The second factor as its owner meets it: setting it up, recovery codes, turning it off."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from app.provider import entrance, sign_ins
from app.provider.forms import CodeForm, OwnerForm
from app.provider.models import Account
from app.provider.second_factor import changes, totp
from app.provider.second_factor.models import CODE_OF_APP, RecoveryCode, SecondFactor, bare
from app.provider.second_factor.proof import is_owner
from app.web import browser_session

bp = Blueprint("second_factor", __name__)

# To find an app and fetch it takes longer than to type a code.
SETUP_LASTS = timedelta(minutes=15)
NOT_YET = (
    "That is not the code for this key. Please check that your phone shows the right time, "
    "and type the code that the app shows now."
)


@bp.route("/openid/second-factor", methods=["GET", "POST"])
def overview():
    """Show whether a code is asked for at sign-in, and let the owner change that."""
    account = sign_ins.current()
    if account is None:
        return redirect(url_for("accounts.sign_in"))
    factor = SecondFactor.of(account.id)
    form = OwnerForm(account)
    if form.validate_on_submit() and is_owner(account, form.password, form.code):
        if form.code is None:
            entrance.note_password(account, totp.new_salt())
            return redirect(url_for("second_factor.set_up"))
        if "off" not in request.form:
            return _codes(account, changes.renew_codes(account))
        changes.turn_off(account)
        sign_ins.begin_anew(account)
        flash("From now on your password alone signs you in.", "success")
        return redirect(url_for("provider.endpoint"))
    page = render_template(
        "provider/second_factor.html",
        form=form,
        account=account,
        factor=factor,
        left=RecoveryCode.left(account.id) if factor else 0,
    )
    return (page, 400) if form.errors else page


@bp.route("/openid/second-factor/set-up", methods=["GET", "POST"])
def set_up():
    """Show the key for an app, and ask for codes from now on once one shows that it works."""
    account = sign_ins.current()
    proof = browser_session.password_proof()
    proved = entrance.proved_account(proof, SETUP_LASTS)
    if account is None or proved is None or proved.id != account.id or proof.salt is None:
        return redirect(url_for("second_factor.overview"))
    key = totp.key_of(account.id, proof.salt)
    form = CodeForm()
    form.code.description = "The six digits that your app shows now."
    if form.validate_on_submit():
        typed = bare(form.code.data)
        step = totp.step_of(key, typed) if CODE_OF_APP.fullmatch(typed) else None
        if step is not None:
            return _turned_on(account, proof.salt, step)
        form.code.errors = [NOT_YET]
    address = totp.address_of(account.username, key)
    page = render_template(
        "provider/second_factor_key.html",
        form=form,
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        address=address,
        picture=totp.picture_of(address),
    )
    return (page, 400) if form.errors else page


def _turned_on(account: Account, salt: str, step: int):
    token = browser_session.account_token()
    try:
        codes = changes.turn_on(account, salt, step, token or "", sign_ins.at_site())
    except (changes.Ended, IntegrityError):
        # Another browser, or another tab, was quicker.
        browser_session.delete_password_proof()
        return redirect(url_for("second_factor.overview"))
    sign_ins.begin_anew(account, with_code=True)
    return _codes(account, codes)


def _codes(account: Account, codes: list[str]) -> str:
    # In the answer to the form itself: a page of their own could be asked for again.
    return render_template("provider/recovery_codes.html", account=account, codes=codes)
