"""A user's page, editing it, and drawn avatars."""

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    session,
    url_for,
)
from flask_login import login_required
from sqlalchemy.exc import IntegrityError

from app import provider
from app.extensions import db
from app.forms import EditForm, OpenIDForm
from app.identicon import identicon
from app.models import Identity, Post, SignIn, User
from app.views.posts import older_than

bp = Blueprint("profiles", __name__)


@bp.get("/user/<nickname>")
@login_required
def user(nickname: str):
    """Show who a user is and what they wrote."""
    found = User.find(nickname)
    if found is None:
        flash(f"User {nickname[:64]} not found.", "error")
        return redirect(url_for("posts.index"))
    page = Post.page(older_than(), author=found)
    return render_template("profiles/user.html", user=found, page=page)


@bp.route("/edit", methods=["GET", "POST"])
@login_required
def edit():
    """Let the user change nickname and about me."""
    before = g.user.nickname
    form = EditForm(before, obj=g.user)
    if form.validate_on_submit():
        try:
            g.user.rename(form.nickname.data, form.about_me.data)
        except IntegrityError:
            form.refuse_taken()
        else:
            if form.nickname.data != before:
                current_app.logger.info("user %s, until now %s, renamed", g.user.id, before)
            flash("Your changes have been saved.", "success")
            return redirect(url_for("profiles.edit"))
    page = render_template(
        "profiles/edit.html",
        form=form,
        openid_form=OpenIDForm(formdata=None, openid=session.pop("typed", "")),
        identities=db.session.scalars(g.user.identities.select().order_by(Identity.id)).all(),
        sign_ins=db.session.scalars(g.user.sign_ins.select().order_by(SignIn.id.desc())).all(),
        consents=provider.consents_of(g.user),
    )
    return (page, 400) if form.errors else page


@bp.get("/avatar/<seed>.svg")
def avatar(seed: str):
    """Show the pattern that stands for a user without a picture."""
    response = Response(identicon(seed), mimetype="image/svg+xml")
    response.cache_control.public = response.cache_control.immutable = True
    response.cache_control.max_age = 31_536_000
    return response
