"""Sensitive changes ask who you are, now: an OpenID proved minutes ago, or once more."""

from datetime import datetime

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

from app.database import now
from app.extensions import db, limiter
from app.failures.redaction import OwnWord
from app.models import Identity, SignInEnded, User, endings
from app.models.sign_ins import MAX_PROOF_AGE, is_fresh
from app.openid import asked
from app.openid.asked import Asked
from app.openid.relying_party import SignInRefused, oid
from app.provider import sign_ins as account_sign_ins
from app.web import browser_session, sign_ins
from app.web.access import user_key
from app.web.headers import allow_offsite_form_action
from app.web.redirects import safe_next

bp = Blueprint("proofs", __name__, url_prefix="/settings")

# Each of these may ask a provider abroad; together they do so no more often than this.
sensitive_limit = limiter.shared_limit(
    "25 per 5 minutes", "sensitive", key_func=user_key, methods=["POST"]
)

WHY_THIS_ONE = "Your account here would go too, so please show once more that it is yours."
WHY = "It has been a while, so please show once more that it is you."
AGAIN = "Thank you, it is you. Nothing has been changed yet: please press the button once more."
NOT_YOURS = "That OpenID is not one of yours here, so nothing has changed. Please use one of yours."
TOO_OLD = (
    "You signed in at your provider too long ago. "
    "Please sign out there and try again, or use another OpenID."
)


def proof_time(identifier: str, auth_time: datetime | None) -> datetime | None:
    """Return when the visitor proved `identifier`, which a provider has just vouched for.

    That is `auth_time`, if the provider tells it, otherwise now; at our own provider it is when
    the password was typed. None is a proof that has outlived what it came from: an answer of
    ours can be kept back until the sign-in there has ended, and is worth nothing then.
    """
    if not identifier.startswith(endings.own_identifier("")):
        return min(auth_time or now(), now())
    here = account_sign_ins.here()
    return here.began if here and here.account.identifier == identifier else None


def ask_unless_fresh(back: str, only: str | None = None, **typed: str):
    """Return None when the user may go on, otherwise the way through an OpenID and `back`.

    `only` is the one OpenID of theirs that will do, if not any. `typed` are fields of the page
    `back`, which then shows them again.
    """
    fresh = is_fresh(g.user.sign_in.proved)
    if fresh and only is None:
        return None
    identities = _identities()
    known = [one for one in identities if one.id == g.user.sign_in.identity_id]
    if only is not None:
        if fresh and [one.identifier for one in known] == [only]:
            return None
        known = [one for one in identities if one.identifier == only]
    if not known and len(identities) != 1:
        asked.give_back(typed)
        return redirect(url_for("proofs.choose", next=back))
    return _send(known[0] if known else identities[0], back, typed)


def _identities() -> list[Identity]:
    return list(db.session.scalars(g.user.identities.select().order_by(Identity.id)))


def _send(identity: Identity, back: str, typed: dict[str, str]):
    identifier = identity.identifier
    if identifier.startswith(endings.own_identifier("")):
        # There the visitor is still on this site, and may wonder.
        flash(WHY_THIS_ONE if is_fresh(g.user.sign_in.proved) else WHY, "status")
    try:
        return oid.try_login(
            identifier,
            next_url=back,
            max_auth_age=int(MAX_PROOF_AGE.total_seconds()),
            prove=g.user.id,
            typed=typed,
        )
    except SignInRefused as refused:
        current_app.logger.warning("OpenID not proved again: %s", OwnWord(refused.problem))
        asked.give_back(typed)
        flash(str(refused), "error")
        return redirect(url_for("proofs.choose", next=back))


@bp.route("/proof", methods=["GET", "POST"])
@sensitive_limit
@login_required
def choose():
    """Let the user show that it is them, with whichever of their OpenIDs they like."""
    allow_offsite_form_action()
    back, identities = safe_next(request.values.get("next")), _identities()
    if request.method == "POST":
        chosen = [one for one in identities if str(one.id) == request.form.get("identity")]
        return _send(chosen[0], back, asked.all_typed()) if chosen else abort(404)
    return render_template("account/proof.html", identities=identities, next=back)


def accept(identifier: str, expected: Asked, proved: datetime):
    """Note that the user of this browser proved an OpenID of theirs; nobody else is signed in."""
    if not g.user.is_authenticated or g.user.id != expected.prove:
        return oid.signal_error("elsewhere", expected)
    owner = User.of_identifier(identifier)
    if owner is None or owner.id != g.user.id:
        return _refuse(NOT_YOURS, expected)
    if not is_fresh(proved):
        return _refuse(TOO_OLD, expected)
    try:
        sign_ins.renew(identifier, proved)
    except SignInEnded:
        return oid.signal_error("elsewhere", expected)
    # What was said on the way there has been said.
    browser_session.delete_flashes()
    flash(AGAIN, "success")
    asked.give_back(expected.typed)
    return redirect(oid.get_next_url())


def _refuse(text: str, expected: Asked):
    current_app.logger.warning("OpenID not proved again by user %s", g.user.id)
    flash(text, "error")
    return back_to_choice(expected)


def back_to_choice(expected: Asked):
    """Take the user to the choice of an OpenID, with what was typed kept for later."""
    asked.give_back(expected.typed)
    return redirect(url_for("proofs.choose", next=oid.get_next_url()))
