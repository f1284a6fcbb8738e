"""One line of the keeper's, on every page until it is withdrawn or its reader has seen enough.

It stands in a file beside the log, where all processes of this machine see it at once and no
page asks the database for it.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Flask, current_app, redirect, render_template, request

from app.web.redirects import safe_next

bp = Blueprint("announcement", __name__)

MAX_ANNOUNCEMENT = 200  # characters
A_YEAR = 365 * 24 * 60 * 60


class Announcement(NamedTuple):
    text: str
    # What a browser that has dismissed it shows; another one has another, even of the same words.
    mark: str


def init_app(app: Flask) -> None:
    app.jinja_env.globals["announcement"] = shown


def path() -> Path:
    """Return where the announcement stands while there is one."""
    return Path(current_app.config["ANNOUNCEMENT_FILE"])


def standing() -> Announcement | None:
    """Return what is announced, or None."""
    try:
        text, changed = path().read_text("utf-8").strip(), path().stat().st_mtime_ns
    except (OSError, UnicodeDecodeError):
        return None
    mark = hashlib.sha256(f"{changed}/{text}".encode()).hexdigest()[:16]
    return Announcement(text, mark) if text else None


def shown() -> Announcement | None:
    """Return what is announced and was not dismissed in this browser, or None."""
    found = standing()
    return None if found and request.cookies.get(_cookie_name()) == found.mark else found


@bp.route("/announcement", methods=["GET", "POST"])
def dismiss():
    """Show what is announced, with a button that has it shown no more in this browser."""
    back, found = safe_next(request.values.get("next")), standing()
    if request.method != "POST":
        return render_template("site/announcement.html", found=found, back=back)
    response = redirect(back)
    if found:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(
            _cookie_name(), found.mark, A_YEAR, secure=secure, httponly=True, samesite="Lax"
        )
    return response


def _cookie_name() -> str:
    return "__Host-dismissed" if current_app.config["SESSION_COOKIE_SECURE"] else "dismissed"
