"""A cookie that another SECRET_KEY signed, which is said once: no form works then.

Each of several machines makes a key of its own, unless all are given the same.
"""

from flask import current_app, request
from flask.sessions import SecureCookieSessionInterface

TOLD = "another key was told"


def tell_of_another() -> None:
    """Log it, once in this process, when the visitor's session is of another key."""
    interface, extensions = current_app.session_interface, current_app.extensions
    if TOLD in extensions or not isinstance(interface, SecureCookieSessionInterface):
        return
    serializer = interface.get_signing_serializer(current_app)
    cookie = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"])
    if serializer is None or cookie is None:
        return
    is_ours, kept = serializer.loads_unsafe(cookie)
    # Anybody can make one up; what is in it is not looked at, and not told.
    if not is_ours and isinstance(kept, dict) and "csrf_token" in kept:
        extensions[TOLD] = True
        current_app.logger.warning(
            "a form came with a cookie that another SECRET_KEY signed: unless it was changed just "
            "now, give all machines of the site the same"
        )
