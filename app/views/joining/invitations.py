"""Inviting a friend, and who brought whom."""

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
from flask_wtf import FlaskForm

from app.extensions import limiter
from app.models import Invitation
from app.models.joining.invitations import (
    INVITATION_ENDS_AFTER,
    MAX_OPEN_INVITATIONS,
    TooManyInvitations,
)
from app.queries import profiles
from app.queries.joining import invitations
from app.views.paging import bounds
from app.web import origin
from app.web.access import reader_id, reader_required, user_key
from app.web.headers import allow_public_caching

bp = Blueprint("invitations", __name__)

MAKE_LIMIT = "60 per hour"
TOO_MANY = (
    f"You have {MAX_OPEN_INVITATIONS} open invitations already. Withdraw one, or wait until "
    "somebody comes by it."
)


def may_invite() -> bool:
    """Return whether links of the present member let anybody in."""
    allowed = {"open": True, "invite": True, "ask": g.user.role == "moderator", "closed": False}
    return allowed[current_app.config["JOIN"]]


@bp.get("/invitations")
@login_required
def own():
    """List the member's open invitations and who came by which, with a button for another."""
    return _page()


@bp.post("/invitations")
@limiter.limit(MAKE_LIMIT, key_func=user_key)
@login_required
def make():
    """Make an invitation, and show its link this once."""
    if not may_invite():
        abort(404)
    try:
        token = Invitation.make(g.user.id, "member", limited=g.user.role != "moderator")
    except TooManyInvitations:
        flash(TOO_MANY, "error")
        return redirect(url_for("invitations.own"))
    current_app.logger.info("user %s made an invitation", g.user.id)
    return _page(origin.own_url(url_for("joining.join", invitation=token)))


def _page(link: str | None = None) -> str:
    return render_template(
        "invitations/own.html",
        form=FlaskForm(),
        link=link,
        may_invite=may_invite(),
        open=invitations.open_of(g.user.id),
        ends_after=INVITATION_ENDS_AFTER,
        page=invitations.guests(g.user.id, bounds()),
    )


@bp.post("/invitations/<int(max=2147483647):invitation_id>/withdraw")
@login_required
def withdraw(invitation_id: int):
    """Take an open invitation back: its link lets nobody in any more."""
    if Invitation.withdraw(invitation_id, g.user.id):
        flash("That invitation is withdrawn: its link lets nobody in any more.", "success")
    else:
        flash("There is no such open invitation of yours.", "status")
    return redirect(url_for("invitations.own"))


@bp.get("/members/tree")
@reader_required
def tree():
    """Show who brought whom: from the roots, or from one member on."""
    nickname = request.args.get("from", "")
    above = profiles.profile(nickname, reader_id()) if nickname else None
    if nickname and above is None:
        abort(404)
    allow_public_caching()
    page = invitations.branches(above.id if above else None, bounds())
    return render_template(
        "invitations/tree.html",
        above=above,
        page=page,
        twigs=invitations.twigs(page.rows) if page.rows else {},
        most=invitations.MAX_TWIGS,
    )
