"""Blocking people, and the list of those whom one blocks."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import login_required

from app.extensions import limiter
from app.models import Block, TooManyBlocks, User
from app.models.relationships.blocks import MAX_BLOCKS
from app.queries import profiles
from app.views.paging import bounds
from app.views.profiles import not_found
from app.web.access import user_key
from app.web.redirects import safe_next

bp = Blueprint("blocks", __name__)

BLOCK_LIMIT = "60 per minute"
TOO_MANY = (
    f"You block {MAX_BLOCKS:,} people, and more are not possible. "
    "Please unblock somebody under “People you block” first."
)


@bp.get("/settings/blocked")
@login_required
def blocked():
    """List those whom the visitor blocks, each with a button to undo it."""
    return render_template("blocks/blocked.html", page=profiles.blocked(g.user.id, bounds()))


@bp.post("/user/<nickname>/block")
@limiter.limit(BLOCK_LIMIT, key_func=user_key)
@login_required
def block(nickname: str):
    """Let the visitor and a user meet no more."""
    found = User.find(nickname)
    if found is None:
        return not_found()
    me, other, name = g.user.id, found.id, found.nickname
    try:
        begun = Block.begin(me, other)
    except TooManyBlocks:
        flash(TOO_MANY, "error")
    else:
        if begun:
            current_app.logger.info("user %s blocks user %s", me, other)
            flash(f"You have blocked {name}. Neither of you sees what the other writes.", "success")
        elif me == other:
            flash("You cannot block yourself.", "status")
        else:
            flash(f"You block {name} already.", "status")
    return redirect(url_for("profiles.user", nickname=name))


@bp.post("/user/<nickname>/unblock")
@limiter.limit(BLOCK_LIMIT, key_func=user_key)
@login_required
def unblock(nickname: str):
    """Undo a block, and go back to where that was asked."""
    found = User.find(nickname)
    if found is None:
        return not_found()
    me, other, name = g.user.id, found.id, found.nickname
    if Block.end(me, other):
        current_app.logger.info("user %s blocks user %s no more", me, other)
        flash(f"You do not block {name} any more.", "success")
    else:
        flash(f"You do not block {name}.", "status")
    profile = url_for("profiles.user", nickname=name)
    return redirect(safe_next(request.form.get("next") or profile))
