"""What templates may use beside what views hand them."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path

from flask import Flask, g
from flask_login import current_user
from markupsafe import Markup

from app.database import now
from app.models.avatars import avatar_url, drawn_avatar_url
from app.rendering import dates
from app.rendering.posts.cards import AVATAR_SIZE
from config import VERSION

# Marks in User-Agent headers. The first found counts: browsers claim to be older ones too.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "w3m": "w3m",
    "Lynx": "Lynx",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Windows": "Windows",
    "Mac OS X": "a Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def init_app(app: Flask) -> None:
    """Add to the templates of `app` what they may use, and versions to static addresses."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["AVATAR_SIZE"] = AVATAR_SIZE
    app.jinja_env.globals["avatar_url"] = avatar_url
    app.jinja_env.globals["VERSION"] = VERSION
    app.jinja_env.globals["current_user"] = current_user
    app.jinja_env.globals["moment"] = moment
    app.jinja_env.globals["day"] = dates.day
    app.jinja_env.globals["drawn_avatar_url"] = drawn_avatar_url
    app.jinja_env.globals["takes_focus"] = takes_focus
    app.jinja_env.filters["browser_name"] = browser_name
    folder = Path(str(app.static_folder))
    digest = _digest if app.debug else cache(_digest)

    @app.url_defaults
    def add_version(endpoint: str, values: dict) -> None:
        # A changed file gets another address, so that browsers may keep each for a year.
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", digest(folder / values["filename"]))


def moment(instant: datetime) -> Markup:
    """Return a `<time>`: relative for members, for visitors one that stays true in a cache."""
    told = dates.relative(instant, now()) if current_user.is_authenticated else None
    return dates.html(instant, told)


def takes_focus(wanted: object = True) -> bool:
    """Return whether this has autofocus: if it is wanted, and nothing above on the page has it."""
    this = object()
    return bool(wanted) and g.setdefault("focus", this) is this


def browser_name(user_agent: str) -> str:
    """Return what people call a browser, such as Firefox on Linux.

    It is known by its User-Agent header (RFC 9110, 10.1.5), which may be any text.
    """

    def first(names: dict[str, str], unknown: str) -> str:
        return next((name for mark, name in names.items() if mark in user_agent), unknown)

    return f"{first(BROWSERS, 'A browser')} on {first(SYSTEMS, 'an unknown device')}"


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None
