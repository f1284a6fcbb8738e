"""Who reads, who may (with PUBLIC off the members alone), and who is counted as one."""

from functools import wraps

from flask import Flask, abort, current_app
from flask_login import current_user

from app.extensions import visitor_address

CAN_JOIN = {
    "open": "anybody with an OpenID",
    "ask": "who asks, once a moderator has said yes",
    "invite": "who has an invitation of a member",
    "closed": "nobody but by an invitation of the keeper (flask user invite)",
}
CAN_MAKE_ACCOUNTS = {"open": "anybody", "closed": "nobody", "off": "nobody, for there are none"}


def init_app(app: Flask) -> None:
    """Log who can join and who can read."""
    if not app.debug:
        app.logger.info("who may what: %s", "; ".join(in_words(app.config)))


def in_words(config: dict) -> list[str]:
    """Return who can join, make an account of the site's provider, and read."""
    return [
        f"Can join: {CAN_JOIN[config['JOIN']]}",
        f"Can make an account of this site, which is an OpenID: "
        f"{CAN_MAKE_ACCOUNTS[config['PROVIDER']]}",
        f"Can read: {'everybody' if config['PUBLIC'] else 'members alone'}",
    ]


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


def moderator_required(view):
    """Mark a page of the moderators; to everybody else there is none of that address."""

    @wraps(view)
    def decorated(*args, **kwargs):
        if not (current_user.is_authenticated and current_user.is_moderator):
            abort(404)
        return view(*args, **kwargs)

    return decorated


def user_key() -> str:
    """Return what limits count: a member wherever they are, or else an address."""
    # The limiter asks before g.user is set.
    return f"user {current_user.id}" if current_user.is_authenticated else visitor_address()
