"""Addresses that somebody else names and a visitor's browser is sent to: where they lead."""

import ipaddress
import re
from urllib.parse import urlsplit

from flask import current_app, url_for

from app.openid import network
from app.web.origin import own_url


def target(url: str, max_length: int = network.MAX_URL) -> network.Target:
    """Return where `url` leads. Raises FetchRefused when a browser might read it otherwise.

    What is left are http and https addresses whose host everybody reads alike: browsers
    turn 0x7f.1 and 127.0.0.1. into 127.0.0.1, and full-width letters into plain ones.
    """
    found = network.parse(url, max_length)
    if not urlsplit(url).netloc.isascii():
        raise network.FetchRefused("a host in other letters than ASCII")
    last = found.host.rstrip(".").rpartition(".")[2]
    if ":" not in found.host and re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):
        try:
            ipaddress.IPv4Address(found.host)
        except ValueError as error:
            raise network.FetchRefused("a number in place of a host") from error
    return found


def leads_here(url: str, max_length: int = network.MAX_URL) -> bool:
    """Return whether `url` is one of this site. Raises FetchRefused like `target`."""
    return target(url, max_length).origin == network.parse(current_app.config["SITE_URL"]).origin


def is_sign_in_page(url: str) -> bool:
    """Return whether `url` is our sign-in page, letter for letter but for what it is asked."""
    return url.partition("?")[0] == own_url(url_for("auth.login")) and "#" not in url
