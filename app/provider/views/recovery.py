"""The way back in for whoever forgot a password."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.extensions import limiter
from app.mail.letters import can_write_to_members
from app.provider import letters, recovery
from app.provider.forms import ForgottenForm, NewPasswordForm
from app.provider.passwords import guesses
from app.web.headers import keep_address_secret

bp = Blueprint("recovery", __name__)

# Letters asked for from one address, for however many accounts; MailedLink counts for each.
FORGOTTEN_LIMIT = "10 per hour"
RECOVER_LIMIT = "60 per 5 minutes"


@bp.route(letters.FORGOTTEN, methods=["GET", "POST"])
@limiter.limit(FORGOTTEN_LIMIT, methods=["POST"])
def forgotten():
    """Send a letter with a link to a new password, or say whom to ask."""
    form = ForgottenForm()
    told = can_write_to_members() and form.validate_on_submit()
    if told:
        # The same for everybody, at once: whether there is such an account shows nowhere.
        current_app.extensions["recovery"].ask(form.account.data)
    page = render_template(
        "provider/forgotten.html", form=form, told=told, gets_mail=can_write_to_members()
    )
    return (page, 400) if form.errors else page


@bp.route(letters.RECOVER, methods=["GET", "POST"])
@limiter.limit(RECOVER_LIMIT)
def recover():
    """Let whoever opens the link of a letter choose a new password, and sign in with it."""
    keep_address_secret()
    token = request.args.get("token", "")
    account = recovery.account_of(token)
    if account is None:
        return _ended()
    form = NewPasswordForm(account)
    if form.validate_on_submit():
        account = recovery.renew(token, form.password.data)
        if account is None:
            return _ended()
        guesses.forget(account.username)
        letters.password_changed(account)
        # Nobody is signed in by it: what else is asked at a sign-in, is asked now too.
        flash("Your new password is kept. Please sign in with it.", "success")
        return redirect(url_for("auth.login"))
    page = render_template("provider/recover.html", form=form, account=account, token=token)
    return (page, 400) if form.errors else page


def _ended():
    return render_template("provider/recovery_ended.html"), 410
