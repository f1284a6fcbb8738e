"""A user's page, editing it, and drawn avatars."""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user, login_required
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.forms import EditForm
from app.models import KeptApart, ReservedName, User
from app.models.avatars import DRAWN
from app.models.names import RenamedTooOften
from app.models.relationships.following import MAX_FOLLOWING, FollowsTooMany
from app.queries import profiles, timelines
from app.queries.pagination import MIN_ID
from app.rendering.identicon import identicon
from app.rendering.posts.articles import articles
from app.views.paging import bounds
from app.web.access import reader_id, reader_required
from app.web.headers import (
    FOR_EVER,
    allow_public_caching,
    allow_unvaried_caching,
)
from app.web.redirects import safe_next

bp = Blueprint("profiles", __name__)


@bp.get("/user/<nickname>")
@reader_required
def user(nickname: str):
    """Show who a user is, and their posts that answer no other."""
    return _profile(nickname, with_replies=False)


@bp.get("/user/<nickname>/replies")
@reader_required
def replies(nickname: str):
    """Show who a user is and all that they wrote."""
    return _profile(nickname, with_replies=True)


def _profile(nickname: str, with_replies: bool):
    profile = profiles.profile(nickname, reader_id())
    if profile is None:
        return to_new_name(nickname) or not_found()
    allow_public_caching()
    at = bounds(MIN_ID)
    page = timelines.by_author(profile.id, reader_id(), at, with_replies=with_replies)
    return render_template(
        "profiles/user.html",
        user=profile,
        MAX_COUNTED_POSTS=profiles.MAX_COUNTED_POSTS,
        page=page,
        articles=articles(page.rows),
        old_names=_old_names(profile.id),
    )


@bp.get("/user/<nickname>/followers", defaults={"which": "followers"})
@bp.get("/user/<nickname>/following", defaults={"which": "following"})
@reader_required
def list_people(nickname: str, which: str):
    """List who follows a user, or whom the user follows, those who joined last first."""
    profile = profiles.profile(nickname, reader_id())
    if profile is None:
        return to_new_name(nickname) or not_found()
    page = profiles.follow_list(which, profile.id, reader_id(), bounds())
    return render_template("profiles/people.html", user=profile, which=which, page=page)


@bp.post("/user/<nickname>/follow")
@login_required
def follow(nickname: str):
    """Follow a user: their posts appear on the visitor's home page."""
    found = User.find(nickname)
    if found is None:
        return not_found()
    try:
        follows = g.user.follow(found)
    except KeptApart:
        flash(f"You and {found.nickname} cannot follow each other.", "error")
        return _back_to(found)
    except FollowsTooMany:
        flash(
            f"You follow {MAX_FOLLOWING:,} people, and more cannot be. Unfollow somebody first.",
            "error",
        )
        return _back_to(found)
    if follows:
        flash(f"You are following {found.nickname}.", "success")
    elif found.id == g.user.id:
        flash("Your own posts are always on your home page.", "status")
    else:
        flash(f"You are following {found.nickname} already.", "status")
    return _back_to(found)


@bp.post("/user/<nickname>/unfollow")
@login_required
def unfollow(nickname: str):
    """Follow a user no more."""
    found = User.find(nickname)
    if found is None:
        return not_found()
    if g.user.unfollow(found):
        flash(f"You are not following {found.nickname} any more.", "success")
    else:
        flash(f"You are not following {found.nickname}.", "status")
    return _back_to(found)


def _back_to(found: User):
    # The list in which the button was, or the user's own page.
    return redirect(
        safe_next(request.form.get("next"))
        if request.form.get("next")
        else url_for("profiles.user", nickname=found.nickname)
    )


def to_new_name(nickname: str):
    """Return the way to the same page of who had this nickname until lately, or None."""
    owner_id = ReservedName.owner_id(nickname)
    owner = db.session.get(User, owner_id) if owner_id else None
    if owner is None:
        return None
    # Nothing else: some words in an address mean something to url_for.
    paging = {name: request.args[name] for name in ("older", "newer") if name in request.args}
    values = paging | (request.view_args or {}) | {"nickname": owner.nickname}
    # Not for ever: in a year somebody else may have the name.
    return redirect(url_for(request.endpoint or "", **values), 302)


def _old_names(user_id: int) -> list[ReservedName]:
    is_moderator = current_user.is_authenticated and current_user.role == "moderator"
    return ReservedName.last_of(user_id) if is_moderator else []


def not_found():
    """Show that there is nobody of that name: members at home, all others as an error."""
    if not current_user.is_authenticated:
        abort(404)
    # Without the name, which may be any text that somebody put into a link.
    flash("User not found.", "error")
    return redirect(url_for("posts.index"))


@bp.route("/edit", methods=["GET", "POST"])
@login_required
def edit():
    """Let the user change nickname, about me and web address."""
    before = g.user.nickname
    form = EditForm(before, obj=g.user)
    if form.validate_on_submit():
        try:
            g.user.update_profile(
                form.nickname.data, form.about_me.data, form.web_address.data or ""
            )
        except IntegrityError:
            form.refuse_taken()
        except RenamedTooOften:
            form.refuse_more()
        else:
            if form.nickname.data != before:
                current_app.logger.info("user %s, until now %s, renamed", g.user.id, before)
            flash("Your changes have been saved.", "success")
            return redirect(url_for("profiles.edit"))
    page = render_template("profiles/edit.html", form=form)
    return (page, 400) if form.errors else page


@bp.get("/edit/delete")
def delete():
    """Lead to where leaving is by now; the address was another once."""
    return redirect(url_for("account.delete"))


@bp.get(f"{DRAWN}<seed>.svg")
def avatar(seed: str):
    """Show the pattern that stands for a user without a picture."""
    allow_unvaried_caching(FOR_EVER)
    return Response(identicon(seed), mimetype="image/svg+xml")
