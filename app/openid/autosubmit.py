"""A page that sends itself on: how a browser carries what is too long for an address."""

from collections.abc import Mapping

from flask import abort, render_template

from app.openid import addresses
from app.openid.network import FetchRefused
from app.web.headers import allow_offsite_form_action

# In characters. Longer addresses are cut by some servers and proxies; the protocol's
# libraries draw the line here too (OpenID 1.1 promised no more).
MAX_REDIRECT_URL = 2000
# A form carries longer ones, but no more than a provider keeps of a request.
MAX_ACTION = 4096


def self_posting_page(action: str, fields: Mapping[str, str]) -> str:
    """Return a page whose form posts `fields` to `action`, by script or by its Continue button.

    An address that is no plain web address, or that of another page here than the sign-in
    page, is a 400: our own origin would vouch for what somebody else put into the form.
    """
    try:
        here = addresses.leads_here(action, MAX_ACTION)
    except FetchRefused:
        abort(400)
    if here and not addresses.is_sign_in_page(action):
        abort(400)
    allow_offsite_form_action()
    return render_template("autosubmit.html", action=action, fields=fields)
