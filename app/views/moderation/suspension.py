"""What somebody suspended reads who has proved an OpenID, and the one answer they may give."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, url_for

from app.database import now
from app.extensions import limiter
from app.forms import AppealForm
from app.models import Suspension, User
from app.models.moderation.actions import GRACE
from app.queries import moderation
from app.rendering import dates
from app.views.settings import account
from app.web import browser_session

bp = Blueprint("suspension", __name__)

# So long this browser may read it without proving the OpenID again.
MAX_PROVED_AGE = timedelta(hours=1)
APPEAL_LIMIT = "30 per minute"
SENT = "Your answer is with the moderators. Sign in again after a while to read what came of it."
OVER = "The suspension is over. You can sign in again."
TOO_LATE = "Your answer was not kept: there is one already, or the suspension is over."


def tell(user: User):
    """Sign nobody in, and lead to the page that says why, until when and how to answer."""
    user_id = user.id
    account.sign_out()
    browser_session.set_suspended(user_id, int(now().timestamp()))
    return redirect(url_for("suspension.show"))


@bp.route("/suspended", methods=["GET", "POST"])
@limiter.limit(APPEAL_LIMIT, methods=["POST"])
def show():
    """Show why a user is suspended and until when, and take the one answer."""
    user_id = _proved()
    if user_id is None:
        browser_session.delete_suspended()
        return redirect(url_for("auth.login"))
    suspension = Suspension.of(user_id)
    if suspension is None:
        browser_session.delete_suspended()
        flash(OVER, "success")
        return redirect(url_for("auth.login"))
    form = AppealForm()
    if form.validate_on_submit():
        if Suspension.answer(user_id, form.appeal.data):
            current_app.logger.info("user %s answered a suspension", user_id)
            flash(SENT, "success")
        else:
            flash(TOO_LATE, "error")
        return redirect(url_for("suspension.show"))
    page = render_template(
        "moderation/suspended.html",
        form=form,
        suspension=suspension,
        deleted=suspension.since + GRACE,
        upheld=moderation.upheld(suspension),
        absolute=dates.absolute,
    )
    return (page, 400) if form.errors else page


def _proved() -> int | None:
    """Return the id of the user whose OpenID this browser has proved of late, or None."""
    if (kept := browser_session.suspended()) is None:
        return None
    user_id, seconds = kept
    age = now() - datetime.fromtimestamp(seconds, UTC)
    return user_id if age <= MAX_PROVED_AGE else None
