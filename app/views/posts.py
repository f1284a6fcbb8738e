"""The home page, and one post: writing, reading, editing, deleting."""

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

from app.extensions import limiter
from app.forms import PostForm
from app.models import Post
from app.openid.xrds import realm_document, wants_xrds
from app.queries import profiles, timelines
from app.queries.pagination import MAX_ID
from app.rendering.cards import cards
from app.views.paging import bounds
from app.web.access import reader_id, reader_required, user_key
from app.web.headers import allow_public_caching
from app.web.origin import own_url
from app.web.redirects import safe_next

bp = Blueprint("posts", __name__)

POST_LIMIT = "30 per minute"
POST = f"/post/<int(signed=True, max={MAX_ID}):post_id>"


@bp.get("/", endpoint="index")
@bp.get("/index", endpoint="home")
def index():
    """Show the posts of the people followed and a form to add one; machines get XRDS."""
    if wants_xrds():
        return realm_document()
    return _home()


@bp.get("/xrds")
def document():
    """Describe the site's OpenID services to machines."""
    return realm_document()


@login_required
def _home(form: PostForm | None = None):
    # Who follows nobody yet is shown everybody.
    alone = not g.user.follows_somebody()
    posts = timelines.public if alone else timelines.home
    page = posts(g.user.id, bounds())
    return render_template(
        "posts/index.html",
        form=form or PostForm(),
        page=page,
        cards=cards(page.rows),
        alone=alone,
    )


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


@bp.get(POST)
@reader_required
def post(post_id: int):
    """Show one post at an address of its own."""
    row = timelines.find(post_id, reader_id())
    if row is None:
        return _unseen(post_id)
    allow_public_caching()
    (card,) = cards([row])
    return render_template("posts/post.html", card=card, address=own_url(card.url))


def _unseen(post_id: int):
    """Say to whoever has blocked its author why a post is not there, and nothing to others."""
    author = profiles.author_behind_block(post_id, reader_id()) or abort(404)
    return render_template("posts/behind_block.html", author=author), 404


@bp.route(f"{POST}/edit", methods=["GET", "POST"])
@limiter.limit(POST_LIMIT, key_func=user_key, methods=["POST"])
@login_required
def edit(post_id: int):
    """Let the author change a post; others find none under this address."""
    row = _own(post_id)
    form = PostForm(post=row.body)
    if form.validate_on_submit():
        if not Post.edit(post_id, g.user.id, form.post.data or ""):
            abort(404)
        flash("Your post is changed.", "success")
        return redirect(url_for("posts.post", post_id=post_id))
    page = render_template("posts/edit.html", form=form, post_id=post_id)
    return (page, 400) if form.errors else page


@bp.route(f"{POST}/delete", methods=["GET", "POST"])
@login_required
def delete(post_id: int):
    """Ask once, and delete an own post; there is none of that kind under anybody else's id."""
    row = _own(post_id)
    back = safe_next(request.values.get("next"))
    if request.method != "POST":
        return render_template("posts/delete.html", cards=cards([row]), back=back)
    if not Post.delete(post_id, g.user.id):
        abort(404)
    current_app.logger.info("post %s deleted", post_id)
    flash("Your post is deleted.", "success")
    return redirect(back)


def _own(post_id: int):
    row = timelines.find(post_id, reader_id())
    if row is None or row.user_id != g.user.id:
        abort(404)
    return row
