"""Browsers in which a user has signed in before; of others the user is told.

Each has a cookie with a mark of the user, which opens nothing.
"""

from datetime import timedelta

from flask import after_this_request, current_app, request

from app.models.tokens import derived

MAX_USERS = 4
KEPT_FOR = timedelta(days=365)
SEPARATOR = "~"


def is_known(user_id: int) -> bool:
    """Return whether this user has signed in before in this browser."""
    return _mark(user_id) in _marks()


def remember(user_id: int) -> None:
    """Know this browser when the user signs in the next time."""
    own = _mark(user_id)
    marks = [own, *(mark for mark in _marks() if mark != own)][:MAX_USERS]
    secure = current_app.config["SESSION_COOKIE_SECURE"]

    @after_this_request
    def set_cookie(response):
        response.set_cookie(
            _cookie_name(),
            SEPARATOR.join(marks),
            max_age=KEPT_FOR,
            httponly=True,
            secure=secure,
            samesite="Lax",
        )
        return response


def _mark(user_id: int) -> str:
    return derived("known browser", str(user_id)).hex()[:32]


def _marks() -> list[str]:
    sent = request.cookies.get(_cookie_name(), "").split(SEPARATOR)[:MAX_USERS]
    return [mark for mark in sent if len(mark) == 32 and mark.isalnum() and mark.isascii()]


def _cookie_name() -> str:
    return "__Host-been-here" if current_app.config["SESSION_COOKIE_SECURE"] else "been-here"
