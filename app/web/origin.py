"""This site's own address: what it is, and which requests came to it."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, current_app, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from config import LOOPBACK_HOSTS


class ForeignHost(BadRequest):
    """The request names a host that this site does not answer to."""


def init_app(app: Flask) -> None:
    """Refuse requests to other hosts than the site's own."""
    if count := app.config["PROXY_COUNT"]:
        proxied = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # Flask's own way
    app.before_request(_require_own_host)


def own_url(path: str = "/") -> str:
    """Return the full address of a path here; the Host header has no say in it."""
    return current_app.config["SITE_URL"] + path


def by_address_too(view: Callable) -> Callable:
    """Mark a page that programs may ask for under an address of the machine.

    It may tell nothing that depends on who asks or on the host's name.
    """
    vars(view)["is_asked_by_address"] = True
    return view


def _require_own_host() -> None:
    host = _without_port(request.host)
    own = urlsplit(current_app.config["SITE_URL"]).netloc
    if host == _without_port(own):
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if hasattr(view, "is_asked_by_address") and _is_of_machine(host):
        return
    if current_app.config["SITE_URL_CHOSEN"] or host not in LOOPBACK_HOSTS:
        raise ForeignHost


def _is_of_machine(host: str) -> bool:
    # Not any name: a page of somebody who points theirs here could read the answer.
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host in LOOPBACK_HOSTS
    return True


def _without_port(netloc: str) -> str:
    if netloc.startswith("["):
        return netloc.partition("]")[0].lower() + "]"
    return netloc.partition(":")[0].lower()


def to_own_host() -> Response | None:
    """Return a redirect to this page under the site's own address, or None if it is there already.

    An OpenID on localhost is not one on 127.0.0.1, and a cookie of one is none of
    the other, so a sign-in has to begin where it will end.
    """
    if request.method != "POST" and not current_app.config["SITE_URL_CHOSEN"]:
        if request.host != urlsplit(current_app.config["SITE_URL"]).netloc:
            return redirect(own_url(request.full_path.rstrip("?")))
    return None


def is_same_origin() -> bool:
    """Return whether the request is of the same origin, by its Origin header (RFC 6454, 7).

    A missing one counts as foreign, and so does `null`.
    """
    return request.headers.get("Origin") == current_app.config["SITE_URL"]
