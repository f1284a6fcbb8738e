"""How a user gets in: their OpenIDs and signed-in browsers, and leaving for good."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, session, url_for
from flask_login import login_required
from sqlalchemy.exc import IntegrityError

from app import sessions
from app.extensions import limiter, oid
from app.forms import DeleteForm, OpenIDForm
from app.hiding import OwnWord
from app.openid.relying_party import PROBLEMS

bp = Blueprint("openids", __name__, url_prefix="/edit")

ADD_LIMIT = "25 per 5 minutes"
TAKEN = "This OpenID already belongs to somebody here, so it cannot be added."


@bp.post("/openids")
@limiter.limit(ADD_LIMIT)
@login_required
def add():
    """Send the user to the provider of another OpenID, to prove that it is theirs."""
    form = OpenIDForm()
    if not form.validate():
        flash(" ".join(form.openid.errors), "error")
        return _back(form.openid.data)
    outcome = oid.try_login(form.openid.data, typed=form.openid.data, add_to=g.user.id)
    if outcome in PROBLEMS:
        current_app.logger.warning("OpenID not added: %s", OwnWord(outcome))
        flash(PROBLEMS[outcome], "error")
        return _back(form.openid.data)
    return outcome


def add_proven(identifier: str, user_id: int):
    """Add an OpenID that was proven, if the user who asked for it is still the one here."""
    if not g.user.is_authenticated or g.user.id != user_id:
        return oid.signal_error("elsewhere")
    try:
        g.user.add_identity(identifier)
    except IntegrityError:
        flash(TAKEN, "error")
    else:
        flash("You can sign in with your new OpenID from now on.", "success")
    return _back()


@bp.post("/openids/<int(max=2147483647):identity_id>/remove")
@login_required
def remove(identity_id: int):
    """Take one OpenID away from the user, but never the last."""
    if g.user.remove_identity(identity_id):
        flash("That OpenID is removed.", "success")
    else:
        flash("Your last OpenID stays: without it you could not sign in.", "error")
    return _back()


@bp.post("/sign-ins/end")
@bp.post("/sign-ins/<int(max=2147483647):sign_in_id>/end")
@login_required
def end_sign_ins(sign_in_id: int | None = None):
    """Sign the user out of one browser, or of all of them."""
    here = sign_in_id in {None, g.user.sign_in.id}
    g.user.end_sign_ins(sign_in_id)
    current_app.logger.info(
        "sign-out of user %s: %s",
        g.user.id,
        OwnWord("everywhere" if sign_in_id is None else "one browser"),
    )
    if not here:
        flash("That browser is signed out.", "success")
        return _back()
    sessions.forget()
    flash("You are signed out.", "success")
    return redirect(url_for("auth.login"))


@bp.route("/delete", methods=["GET", "POST"])
@login_required
def delete():
    """Ask once more, with the nickname typed, and delete the user."""
    form = DeleteForm(g.user.nickname)
    if form.validate_on_submit():
        current_app.logger.info("user %s leaves for good", g.user.id)
        g.user.remove()
        sessions.forget()
        flash("You and all that you wrote are deleted. Farewell!", "success")
        return redirect(url_for("auth.login"))
    page = render_template("profiles/delete.html", form=form)
    return (page, 400) if form.errors else page


def _back(typed: str | None = None):
    if typed:
        session["typed"] = typed[:255]
    return redirect(url_for("profiles.edit"))
