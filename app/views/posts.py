"""The home page, and one post in its conversation: writing, reading, editing, deleting."""

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

from app.extensions import limiter, lm
from app.forms import PostForm, typed
from app.models import KeptApart, Post
from app.models.posts.post import NothingToAnswer
from app.openid.xrds import realm_document, wants_xrds
from app.queries import profiles, timelines
from app.queries.conversations import pages as conversations
from app.queries.pagination import MAX_ID, MIN_ID, Page
from app.rendering.posts.articles import articles
from app.rendering.posts.cards import GONE, card, linked
from app.views.paging import bounds
from app.web import browser_session
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
    follows = g.user.following_count > 0
    posts = timelines.home if follows else timelines.public
    page = posts(g.user.id, bounds())
    return render_template(
        "posts/index.html",
        form=form or PostForm(),
        page=page,
        articles=articles(page.rows),
        here=_place_of_last_visit(page),
        alone=not follows,
        has_written=g.user.sign_in.has_written,
    )


def _place_of_last_visit(page: Page) -> int:
    """Return how many posts of the page came since the reader's last visit; 0 for no line.

    There is one where what was there before begins, be it with the page behind.
    """
    before = g.user.seen_before
    last = page.behind or (page.rows and page.rows[-1])
    if before is None or not last or last.timestamp > before:
        return 0
    return sum(post.timestamp > before for post in page.rows)


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
    """Show a post in its conversation, with a form to reply to it."""
    allow_public_caching()
    form = None
    if current_user.is_authenticated:
        form = PostForm(post=browser_session.take_reply(post_id))
    return _conversation(post_id, form) or _unseen(post_id)


def _conversation(post_id: int, form: PostForm | None) -> str | None:
    """Return the page of a post, or None when the reader sees neither it nor a reply to it."""
    found = conversations.conversation(post_id, reader_id(), bounds(MIN_ID))
    if found is None:
        return None
    path = url_for("posts.post", post_id=post_id)
    # Not on the pages beside its own.
    about, made = None, {}
    for row in found.rows:
        if isinstance(row, conversations.Gone):
            continue
        back = path
        if row.id == post_id:
            about = card(row)
            back = about.reply_url or url_for("posts.index")
        (made[row.id],) = articles([row], back, is_current=row.id == post_id)
    if form is not None:
        form.post.label.text = "Your reply"
    return render_template(
        "posts/conversation.html",
        page=found,
        shown=[(row, made.get(row.id)) for row in found.rows],
        card=about,
        post_id=post_id,
        path=path,
        gone=GONE,
        hears=conversations.hears(post_id, g.user.id) if form else None,
        form=form,
        address=own_url(path),
    )


@bp.post(f"{POST}/reply")
@limiter.limit(POST_LIMIT, key_func=user_key)
def reply(post_id: int):
    """Add a reply to a post and show it in the conversation; visitors sign in first."""
    form = PostForm()
    text = form.post.data or ""
    if not current_user.is_authenticated:
        if not browser_session.keep_reply(post_id, text):
            return lm.unauthorized()
        flash("Please sign in. Your reply is kept, and you can send it then.", "status")
        target = url_for("posts.post", post_id=post_id, _anchor="reply")
        return redirect(url_for("auth.login", next=target))
    answered = timelines.find(post_id, reader_id())
    if answered is None or answered.hidden_reason:
        return _nothing_to_answer()
    if not form.validate():
        return _conversation(post_id, form) or _nothing_to_answer(), 400
    try:
        written = g.user.write(text, post_id)
    except (NothingToAnswer, KeptApart):
        return _nothing_to_answer()
    flash("Your reply is live.", "success")
    return redirect(url_for("posts.post", post_id=written.id, _anchor=f"post-{written.id}"))


def _nothing_to_answer():
    return render_template("posts/nothing_to_answer.html", typed=typed.shown(request.form)), 404


def _unseen(post_id: int):
    """Show whoever has blocked its author why a post is not there, and nothing to others."""
    if post_id < MIN_ID:
        # No database holds such a number.
        abort(404)
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
        return render_template("posts/delete.html", post_id=post_id, text=linked(row), back=back)
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
