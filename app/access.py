"""Who may read: everybody, or with PUBLIC off the members alone."""

from functools import wraps

from flask import current_app
from flask_login import current_user


def reader_required(view):
    """Mark a page that everybody may read, unless PUBLIC is off."""

    @wraps(view)
    def decorated(*args, **kwargs):
        if current_app.config["PUBLIC"] or current_user.is_authenticated:
            return view(*args, **kwargs)
        return current_app.login_manager.unauthorized()

    return decorated
