"""How a user hears of things elsewhere: private feeds, and letters."""

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
from app.extensions import csrf
from app.mail.letters import can_write_to_members
from app.models import ConfirmedEmail, MailChoice, PrivateFeed
from app.models.notifications import mail
from app.web.headers import keep_address_secret
from app.web.origin import own_url

bp = Blueprint("hearing", __name__)

OFF = "off"


@bp.get("/settings/notifications")
@login_required
def settings():
    """Show how to hear of things by feed and by mail."""
    return _page()


def _page(token: str | None = None) -> str:
    return render_template(
        "notifications/settings.html",
        pace=MailChoice.of(g.user.id) or OFF,
        email=_email(),
        addresses=token
        and [own_url(url_for(f"feeds.{name}", token=token)) for name in ("notifications", "home")],
        has_feeds=PrivateFeed.is_of(g.user.id),
    )


def _email() -> str | None:
    """Return where letters to the user go, or None when they can go nowhere."""
    return ConfirmedEmail.address_of(g.user.id) if can_write_to_members() else None


@bp.post("/settings/notifications/feeds")
@login_required
def renew_feeds():
    """Show new addresses of the user's feeds, this once; or let there be none."""
    if "end" in request.form:
        with writing() as session:
            PrivateFeed.end(session, g.user.id)
        flash("The addresses of your feeds open nothing any more.", "success")
        return redirect(url_for("hearing.settings"))
    token = PrivateFeed.renew(g.user.id)
    current_app.logger.info("user %s made addresses of private feeds", g.user.id)
    return _page(token)


@bp.post("/settings/notifications/mail")
@login_required
def choose_mail():
    """Write letters to the user from now on, at the pace that they choose, or none."""
    pace = request.form.get("pace")
    if pace not in {OFF, *mail.MAX_LETTERS}:
        abort(400)
    if pace != OFF and _email() is None:
        flash("Please confirm your mail address first.", "error")
        return redirect(url_for("hearing.settings"))
    MailChoice.choose(g.user.id, None if pace == OFF else pace)
    flash("Your choice is saved.", "success")
    return redirect(url_for("hearing.settings"))


@bp.get("/unsubscribe")
def ask_to_unsubscribe():
    """Show the button that ends letters about notifications; the link of each letter leads here."""
    _whose_letters()
    return render_template("notifications/unsubscribe.html", done=False)


@bp.post("/unsubscribe")
@csrf.exempt
def unsubscribe():
    """End the letters to whom this token was sent (RFC 8058): nobody has to be signed in."""
    MailChoice.choose(_whose_letters(), None)
    return render_template("notifications/unsubscribe.html", done=True)


def _whose_letters() -> int:
    keep_address_secret()
    user_id = mail.unsubscribing_user(request.args.get("token", ""))
    return abort(404) if user_id is None else user_id
