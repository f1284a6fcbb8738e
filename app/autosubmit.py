"""A page that sends itself on: how a browser carries what is too long for an address."""

from collections.abc import Mapping

from flask import render_template

from app.headers import let_form_leave

# Longer addresses are cut by some servers and proxies; the protocol's libraries
# draw the line here too (OpenID 1.1 promised no more).
LONGEST_URL = 2000


def self_posting_page(action: str, fields: Mapping[str, str]) -> str:
    """Give a page whose form posts `fields` to `action`, by script or by its Continue button."""
    let_form_leave()
    return render_template("autosubmit.html", action=action, fields=fields)
