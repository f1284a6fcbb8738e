"""What templates may use beside what views hand them."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask

from app.models import avatar_url


def init_app(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["avatar_url"] = avatar_url
    folder = Path(app.static_folder)
    digest = _digest if app.debug else cache(_digest)

    @app.url_defaults
    def add_version(endpoint: str, values: dict) -> None:
        # A changed file gets another address, so that browsers may keep each for a year.
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", digest(folder / values["filename"]))


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None
