"""How much of a request is looked at; what is longer is refused before anything parses it.

Parsers take time that grows faster than what they read: 300 KB of an Accept header took
seconds, in which the whole process stood still.
"""

from collections.abc import Callable

from flask import Flask, request
from werkzeug.exceptions import HTTPException, RequestHeaderFieldsTooLarge, RequestURITooLarge

# In bytes: all header fields together, and single ones of which less is enough.
MAX_HEADERS = 16 * 1024
MAX_HEADER = {
    "HTTP_ACCEPT": 2048,
    "HTTP_ACCEPT_ENCODING": 1024,
    "HTTP_HOST": 300,
    # With a boundary, which has 70 characters at most (RFC 2046, 5.1.1).
    "CONTENT_TYPE": 200,
}
MAX_PATH = 8 * 1024
# A provider may send people back with a long one.
MAX_QUERY = 64 * 1024
REFUSED = "microblog.refused"


def init_app(app: Flask) -> None:
    """Answer too large a request by an error page.

    Comes right after the check of the host, without which no page can be made.
    """
    guarded = _guarded(app.wsgi_app)
    app.wsgi_app = guarded  # type: ignore[method-assign]  # Flask's own way
    app.before_request(_refuse)


def _guarded(wsgi_app: Callable) -> Callable:
    def wrapped(environ: dict, start_response: Callable):
        if problem := _problem(environ):
            environ = {**_harmless(environ), REFUSED: problem}
        return wsgi_app(environ, start_response)

    return wrapped


def _problem(environ: dict) -> type[HTTPException] | None:
    if (
        len(environ.get("PATH_INFO", "")) > MAX_PATH
        or len(environ.get("QUERY_STRING", "")) > MAX_QUERY
    ):
        return RequestURITooLarge
    headers = {name: value for name, value in environ.items() if _is_header(name)}
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADERS:
        return RequestHeaderFieldsTooLarge
    if any(len(headers.get(name, "")) > most for name, most in MAX_HEADER.items()):
        return RequestHeaderFieldsTooLarge
    return None


def _is_header(name: str) -> bool:
    return name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}


def _harmless(environ: dict) -> dict:
    """Return `environ` without headers and query, for the page that says why."""
    kept = {name: value for name, value in environ.items() if not _is_header(name)}
    # Without its host it would not be a request to this site. The last addresses in a list
    # are those that our own proxies have put there.
    most = MAX_HEADER["HTTP_HOST"]
    kept["HTTP_HOST"] = environ.get("HTTP_HOST", "")[:most]
    for name in ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"):
        if name in environ:
            kept[name] = environ[name][-most:]
    # Servers tell the whole address under a few more names.
    for name in ("RAW_URI", "REQUEST_URI"):
        kept.pop(name, None)
    return {**kept, "PATH_INFO": environ.get("PATH_INFO", "")[:MAX_PATH], "QUERY_STRING": ""}


def _refuse() -> None:
    if problem := request.environ.get(REFUSED):
        raise problem
