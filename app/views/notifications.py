"""What happened to a user: who replied, who follows, what a moderator decided."""

from flask import Blueprint, current_app, g, render_template, request
from flask_login import login_required
from sqlalchemy.exc import SQLAlchemyError

from app.models import Notification
from app.queries import notifications
from app.rendering.notifications import deed, others, told
from app.views.paging import bounds

bp = Blueprint("notifications", __name__)


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
