"""The home page: reading, writing and deleting posts."""

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
from flask_login import current_user, login_required

from app.extensions import limiter, visitor_address
from app.forms import PostForm
from app.models import NEWEST, Post
from app.openid.discovery import realm_document, wants_xrds
from app.redirects import safe_next

bp = Blueprint("posts", __name__)

POST_LIMIT = "30 per minute"


def older_than() -> int | None:
    """Give the id before which the asked page begins; None for the newest page."""
    older = request.args.get("older", type=int)
    return older if older is not None and 0 < older < NEWEST else None


def user_key() -> str:
    # The limiter asks before g.user is set.
    return f"user {current_user.id}" if current_user.is_authenticated else visitor_address()


@bp.get("/", endpoint="index")
@bp.get("/index", endpoint="home")
def index():
    """Show the newest posts and a form to add one; machines get the site's OpenID services."""
    if wants_xrds():
        return realm_document()
    return _home()


@bp.get("/xrds")
def document():
    """Describe the site's OpenID services to machines."""
    return realm_document()


@login_required
def _home(form: PostForm | None = None):
    page = Post.page(older_than())
    return render_template("posts/index.html", form=form or PostForm(), page=page)


@bp.post("/")
@bp.post("/index")
@limiter.limit(POST_LIMIT, key_func=user_key)
@login_required
def write():
    """Add a post and show it on top."""
    form = PostForm()
    if not form.validate():
        return _home(form), 400
    g.user.write(form.post.data)
    flash("Your post is live.", "success")
    return redirect(url_for("posts.index"))


@bp.post(f"/post/<int(max={NEWEST}):post_id>/delete")
@login_required
def delete(post_id: int):
    """Delete an own post; there is none of that kind under anybody else's id."""
    if not Post.delete_own(post_id, g.user):
        abort(404)
    current_app.logger.info("post %s deleted", post_id)
    flash("Your post is deleted.", "success")
    return redirect(safe_next(request.form.get("next")))
