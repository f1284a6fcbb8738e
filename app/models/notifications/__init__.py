"""Notifications: what happened to a user, who hears of a post, and how they hear of it.

What a page or a letter says of them is in `app/rendering/notifications.py`.
"""

from app.models.notifications.notification import MAX_NOTIFICATIONS, Notification

__all__ = ["MAX_NOTIFICATIONS", "Notification"]
