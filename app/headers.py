"""Response headers that keep pages from being used against their readers."""

from flask import Flask, Response, g, request, session
from flask_login import current_user

AVATARS = "https://www.gravatar.com"


def init_app(app: Flask) -> None:
    """Send the headers with every response of `app`."""
    avatars = f" {AVATARS}" if app.config["GRAVATAR"] else ""
    policy = (
        f"default-src 'none'; img-src 'self' data:{avatars}; style-src 'self'; script-src 'self'; "
        "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    secure = app.config["SITE_URL"].startswith("https:")

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        # Chromium applies form-action to every redirect that answers a form.
        leaving = " http: https:" if g.get("form_may_leave") else ""
        headers.setdefault("Content-Security-Policy", policy + leaving)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        # Not no-referrer: Flask-WTF refuses a form sent over https without a Referer.
        headers.setdefault("Referrer-Policy", "same-origin")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint != "static" and "Cache-Control" not in headers:
            shared = g.get("everybody_may_keep") and "Set-Cookie" not in headers
            headers["Cache-Control"] = "public, max-age=60" if shared else "no-store"
            response.vary.add("Cookie")
        return response


def let_everybody_keep() -> None:
    """Allow caches to keep this page, if nobody is signed in and it sets no cookie."""
    g.everybody_may_keep = not session and not current_user.is_authenticated


def let_form_leave() -> None:
    """Allow the forms of this page to end at another site, as signing in there needs."""
    g.form_may_leave = True
