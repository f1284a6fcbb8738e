"""What happened to a user: who replied, who follows, what a moderator decided."""

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
from sqlalchemy.exc import SQLAlchemyError

from app.models import ConversationChoice, Notification
from app.models.notifications.conversations import TooManyListeners
from app.queries import notifications, timelines
from app.rendering.notifications import deed, others, told
from app.views.paging import bounds
from app.views.posts import POST
from app.web.redirects import safe_next

bp = Blueprint("notifications", __name__)

# What a button asks for → what is kept, and what is said of it.
CHOICES = {
    "stop": (False, "You hear no more of this conversation."),
    "follow": (True, "You hear of each reply in this conversation."),
    "usual": (None, "You hear of replies to you in this conversation, and of mentions."),
}
TOO_MANY = "Very many people follow this conversation already, and more are not possible."


@bp.get("/notifications")
@login_required
def index():
    """Show what happened, newest first; what is shown counts as read from then on."""
    user_id = g.user.id
    page, unread = notifications.of_user(user_id, bounds())
    # Something may have happened since the user was loaded.
    g.user.sign_in = g.user.sign_in._replace(unread=unread)
    new = [line for line in page.rows if line.is_new]
    text = render_template(
        "notifications/index.html",
        page=page,
        first=new[0].id if new else None,
        deed=deed,
        others=others,
        told=told,
    )
    if new and request.method == "GET":
        try:
            Notification.mark_read(user_id, [one for line in new for one in line.ids])
        except SQLAlchemyError as error:
            # The page is no worse for it; they are new once more.
            reason = getattr(error, "orig", None) or error
            current_app.logger.warning("notifications could not be marked: %s", reason)
    return text


@bp.post(f"{POST}/hear")
@login_required
def hear(post_id: int):
    """Let the user hear of each reply in the conversation of a post, of none, or as usual."""
    choice = CHOICES.get(request.form.get("choice", "")) or abort(400)
    user_id, post = g.user.id, timelines.find(post_id, g.user.id) or abort(404)
    hears, said = choice
    try:
        ConversationChoice.choose(user_id, notifications.thread_of(post.id), hears)
    except TooManyListeners:
        flash(TOO_MANY, "error")
    else:
        flash(said, "success")
    back = url_for("posts.post", post_id=post_id)
    return redirect(safe_next(request.form.get("next") or back))
