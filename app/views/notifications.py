"""What happened to a user, such as a moderator's decision."""

from flask import Blueprint, current_app, g, render_template, request
from flask_login import login_required
from sqlalchemy.exc import SQLAlchemyError

from app.models import Notification
from app.queries import notifications
from app.views.paging import bounds

bp = Blueprint("notifications", __name__)


@bp.get("/notifications")
@login_required
def index():
    """Show what happened, newest first; what is shown counts as read from then on."""
    user_id, page = g.user.id, notifications.of_user(g.user.id, bounds())
    text = render_template("notifications/index.html", page=page)
    unread = [row.id for row in page.rows if row.read is None]
    if unread and request.method == "GET":
        try:
            Notification.mark_read(user_id, unread)
        except SQLAlchemyError as error:
            # The page is no worse for it; they are new once more.
            reason = getattr(error, "orig", None) or error
            current_app.logger.warning("notifications could not be marked: %s", reason)
    return text
