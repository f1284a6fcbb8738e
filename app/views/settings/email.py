"""A user's mail address: changed here, and confirmed by whoever reads what comes to it."""

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import login_required

from app.database import writing
from app.extensions import db, limiter
from app.forms import EmailForm, LettersForm
from app.mail.letters import can_write_to_members
from app.models import ConfirmedEmail, MailedLink, User
from app.models.emails.links import CONFIRM, TooManyLetters
from app.views.settings import account, letters, proofs
from app.views.settings.proofs import sensitive_limit
from app.web.headers import keep_address_secret

bp = Blueprint("email", __name__, url_prefix="/settings/account/email")

CONFIRM_LIMIT = "60 per 5 minutes"
TOO_MANY = "Many letters were asked for today. Please try again tomorrow."
ENDED = "This link has ended: it is good once, for an hour, and until you ask for another."


@bp.post("")
@sensitive_limit
@login_required
def change():
    """Send a letter to another address, which is the user's as soon as its link was opened."""
    form = EmailForm()
    if not form.validate():
        return account.page(email_form=form), 400
    address = form.email.data or ""
    if proof := proofs.ask_unless_fresh(url_for("account.index"), email=address):
        return proof
    if not can_write_to_members():
        return _changed(address)
    try:
        token = MailedLink.to_confirm(g.user.id, address)
    except TooManyLetters:
        form.email.errors = [TOO_MANY]
        return account.page(email_form=form), 429
    letters.confirm_email(g.user, address, token)
    current_app.logger.info("user %s asked for a letter to confirm an address", g.user.id)
    flash("A letter is on its way. Please open its link within an hour.", "success")
    return redirect(url_for("account.index"))


@bp.post("/remove")
@sensitive_limit
@login_required
def remove():
    """Keep no address of the user any more."""
    if proof := proofs.ask_unless_fresh(url_for("account.index")):
        return proof
    return _changed(None)


def _changed(address: str | None):
    before = MailedLink.set_unconfirmed(g.user.id, address)
    if before:
        letters.email_changed(g.user.nickname, before, None)
    current_app.logger.info("user %s changed the address, which nobody confirmed", g.user.id)
    flash("Your e-mail address is " + ("saved." if address else "removed."), "success")
    return redirect(url_for("account.index"))


@bp.post("/letters")
@login_required
def choose_letters():
    """Let the user choose what they get letters about."""
    form = LettersForm()
    if not form.validate():
        abort(400)
    with writing():
        if email := ConfirmedEmail.of(g.user.id):
            email.tells_of_browsers = form.browsers.data
    flash("Your changes have been saved.", "success")
    return redirect(url_for("account.index"))


@bp.route("/confirm", methods=["GET", "POST"])
@limiter.limit(CONFIRM_LIMIT)
def confirm():
    """Ask whoever opens the link of a letter to press a button, and confirm the address then."""
    # Programs that look at links in letters press none.
    keep_address_secret()
    token = request.args.get("token", "")
    link = MailedLink.find(CONFIRM, token)
    if link is None:
        return render_template("account/link_ended.html", text=ENDED), 410
    user = db.session.get(User, link.user_id) or abort(404)
    nickname = user.nickname
    if request.method != "POST":
        return render_template("account/confirm.html", link=link, token=token, nickname=nickname)
    confirmed = MailedLink.confirm(token)
    if confirmed is None:
        return render_template("account/link_ended.html", text=ENDED), 410
    current_app.logger.info("user %s confirmed an address", confirmed.user_id)
    if confirmed.before and confirmed.before != confirmed.address:
        letters.email_changed(nickname, confirmed.before, confirmed.address)
    return render_template("account/confirmed.html", nickname=nickname)
