"""Response headers that keep pages from being used against their readers.

What a cache may keep is decided here alone: views ask with allow_public_caching().
"""

from collections.abc import Callable

from flask import Flask, Response, g, request, session, url_for
from flask_login import current_user

AVATARS = "https://www.gravatar.com"
A_MINUTE = "public, max-age=60"
PRIVATELY = "private, max-age=60"
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
        leaving = " http: https:" if g.get("allows_offsite_form_action") else ""
        headers.setdefault("Content-Security-Policy", policy + leaving)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        # Not no-referrer: Flask-WTF refuses a form sent over https without a Referer.
        headers.setdefault("Referrer-Policy", g.get("referrer_policy", "same-origin"))
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint != "static":
            # An error is of this moment, whatever its page had asked for before.
            is_fine = response.status_code < 400
            headers["Cache-Control"] = g.get("caching", "no-store") if is_fine else "no-store"
            if not g.get("is_unvaried"):
                response.vary.add("Cookie")
        elif response.status_code < 400 and not _is_of_this_version():
            headers["Cache-Control"] = "no-store"
            headers.pop("Expires", None)
        return response

    guarded = _without_shared_cookies(app.wsgi_app)
    app.wsgi_app = guarded  # type: ignore[method-assign]  # Flask's own way


def _is_of_this_version() -> bool:
    """Return whether the address of a file asks for what it is here.

    While machines are upgraded one by one, a page of a new one may ask an old one for its style:
    kept under that address, it would stay wrong for a year.
    """
    asked = request.args.get("v")
    filename = (request.view_args or {})["filename"]
    return asked is None or url_for("static", filename=filename).endswith(f"v={asked}")


def _without_shared_cookies(wsgi_app: Callable) -> Callable:
    """Return `wsgi_app` so that no response that sets a cookie may be cached by anybody.

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


def allow_public_caching() -> None:
    """Let caches keep this page for a minute, if nobody is signed in and it sets no cookie."""
    if not session and not current_user.is_authenticated:
        g.caching = A_MINUTE


def allow_private_caching() -> None:
    """Let nobody but whoever asks keep this page, for a minute."""
    g.caching = PRIVATELY


def allow_unvaried_caching(caching: str = A_MINUTE) -> None:
    """Let caches keep what does not vary by visitor, if it sets no cookie.

    `caching` is the Cache-Control header.
    """
    g.caching, g.is_unvaried = caching, True


def keep_address_secret() -> None:
    """Let nobody learn the address of this page, which holds a token, from a Referer header."""
    # The origin alone is enough for Flask-WTF.
    g.referrer_policy = "strict-origin"


def allow_offsite_form_action() -> None:
    """Let this page's forms end at another site (CSP form-action), as signing in there needs."""
    g.allows_offsite_form_action = True
