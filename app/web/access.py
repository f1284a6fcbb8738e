"""Who reads, who may (with PUBLIC off the members alone), and who is counted as one."""

from functools import wraps

from flask import current_app
from flask_login import current_user

from app.extensions import visitor_address


def reader_id() -> int:
    """Return the id of who is reading, 0 for a visitor."""
    return current_user.id if current_user.is_authenticated else 0


def reader_required(view):
    """Mark a page that everybody may read, unless PUBLIC is off."""

    @wraps(view)
    def decorated(*args, **kwargs):
        if current_app.config["PUBLIC"] or current_user.is_authenticated:
            return view(*args, **kwargs)
        return current_app.login_manager.unauthorized()

    return decorated


def user_key() -> str:
    """Return what limits count: a member wherever they are, or else an address."""
    # The limiter asks before g.user is set.
    return f"user {current_user.id}" if current_user.is_authenticated else visitor_address()
