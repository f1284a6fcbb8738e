"""Codes of authenticator apps (RFC 6238), whose keys are kept nowhere.

Each follows from SECRET_KEY, the account and a salt, so that a stolen database makes no code.
"""

import base64
import secrets
from urllib.parse import urlsplit

import pyotp
import segno
from flask import current_app
from markupsafe import Markup

from app.database import now
from app.models.tokens import derived

# Seconds for which a code is shown, and how many of these a phone's clock may be off.
STEP_SECONDS = 30
MAX_SKEW = 1
# In bytes, as RFC 4226 (section 4) recommends.
KEY_BYTES = 20


def new_salt() -> str:
    """Return what makes a new key of an account; by itself it opens nothing."""
    return secrets.token_hex(16)


def key_of(account_id: int, salt: str) -> str:
    """Return the key that the owner's app keeps, in base32."""
    secret = derived("second factor", f"{account_id}/{salt}")[:KEY_BYTES]
    return base64.b32encode(secret).decode()


def step_of(key: str, code: str) -> int | None:
    """Return the time step of which `code` is, or None when it is of none that fits now."""
    present = int(now().timestamp()) // STEP_SECONDS
    codes = pyotp.TOTP(key, interval=STEP_SECONDS)
    for step in range(present - MAX_SKEW, present + MAX_SKEW + 1):
        if secrets.compare_digest(codes.generate_otp(step), code):
            return step
    return None


def address_of(username: str, key: str) -> str:
    """Return the otpauth: address of a key, which apps read from a picture or open."""
    name = f"{username}@{urlsplit(current_app.config['SITE_URL']).hostname}"
    issuer = current_app.config.get("SITE_NAME", "microblog")
    # The period of 30 seconds and six digits are what every app takes for granted.
    return pyotp.TOTP(key).provisioning_uri(name=name, issuer_name=issuer)


def picture_of(address: str) -> Markup:
    """Return the QR code of `address`, an SVG without a style of its own (our CSP has none)."""
    picture = segno.make_qr(address, error="l")
    # Dark on light whatever the reader prefers, or else half of the cameras see nothing.
    drawn = picture.svg_inline(light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    return Markup(drawn)
