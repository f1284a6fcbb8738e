"""Response headers that keep pages from being used against their readers.

What a cache may keep is decided here alone: views ask with let_everybody_keep().
"""

from collections.abc import Callable

from flask import Flask, Response, g, request, session
from flask_login import current_user

AVATARS = "https://www.gravatar.com"
A_MINUTE = "public, max-age=60"
# For addresses under which there will never be anything else.
FOR_EVER = "public, max-age=31536000, immutable"


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
        if request.endpoint != "static":
            # An error is of this moment, whatever its page had asked for before.
            is_fine = response.status_code < 400
            headers["Cache-Control"] = g.get("caching", "no-store") if is_fine else "no-store"
            if not g.get("is_same_for_all"):
                response.vary.add("Cookie")
        return response

    guarded = _without_shared_cookies(app.wsgi_app)
    app.wsgi_app = guarded  # type: ignore[method-assign]  # Flask's own way


def _without_shared_cookies(wsgi_app: Callable) -> Callable:
    """Wrap an application so that no response that sets a cookie may be kept by anybody.

    A cache would hand one visitor's cookie to the next. The session's is set when all
    of Flask's hooks are done, so this can be seen from the outside alone.
    """

    def wrapped(environ: dict, start_response: Callable):
        def start(status: str, headers: list[tuple[str, str]], exc_info=None):
            if any(name.lower() == "set-cookie" for name, _ in headers):
                kept = [h for h in headers if h[0].lower() not in {"cache-control", "expires"}]
                headers = [*kept, ("Cache-Control", "no-store")]
            return start_response(status, headers, exc_info)

        return wsgi_app(environ, start)

    return wrapped


def let_everybody_keep() -> None:
    """Allow caches to keep this page for a minute, if nobody is signed in and it sets no cookie."""
    if not session and not current_user.is_authenticated:
        g.caching = A_MINUTE


def let_everybody_keep_same(caching: str = A_MINUTE) -> None:
    """Allow caches to keep what is the same for everybody, whoever asks, if it sets no cookie."""
    g.caching, g.is_same_for_all = caching, True


def let_form_leave() -> None:
    """Allow the forms of this page to end at another site, as signing in there needs."""
    g.form_may_leave = True
