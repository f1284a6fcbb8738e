"""Signing in with an OpenID, and adding another one."""

from collections.abc import Mapping

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import ValidationError

from app.forms.text import one_line
from app.models import nicknames

MAX_OPENID = 255
# The value of the button that chooses this site's own provider.
OWN_PROVIDER = "own"


def chooses_openid(sent: Mapping[str, str]) -> bool:
    """Return whether a form of the sign-in page, as it came, means an OpenID and no account here.

    Enter in any field presses the first button, which is the account's, so that what was typed
    decides: an OpenID that the page did not offer itself (`offered`) goes before an account,
    which a password manager may have filled in.
    """
    openid = one_line(sent.get("openid"))
    if "provider" in sent or ("openid" in sent and "password" not in sent):
        return True
    if openid and openid != one_line(sent.get("offered")):
        return True
    has_account = sent.get("username") or sent.get("password")
    return bool(openid or sent.get("username_there")) and not has_account


class LoginForm(FlaskForm):
    openid = StringField("Your OpenID", filters=[one_line])
    # For an account here too.
    remember_me = BooleanField("Remember me")
    # That of the button for what is typed is empty.
    provider = StringField(filters=[one_line])
    username_there = StringField("Your username there", filters=[one_line])

    def validate_openid(self, field) -> None:
        if self.provider.data:
            return
        if not field.data:
            raise ValidationError("Please type your OpenID, or choose one of the buttons.")
        _refuse_long(field.data)

    def validate_provider(self, field) -> None:
        own = field.data == OWN_PROVIDER and current_app.config["PROVIDER"] != "off"
        if field.data and not own and self._provider_url() is None:
            raise ValidationError("Please choose one of the buttons.")

    def validate_username_there(self, field) -> None:
        if "<username>" in (self._provider_url() or "") and not (
            nicknames.SHAPE.fullmatch(field.data)
        ):
            raise ValidationError("Please type your username there, without its address.")

    def identifier(self) -> str | None:
        """Return the OpenID that was typed or chosen, or None for this site's own provider."""
        if self.provider.data == OWN_PROVIDER:
            return None
        url = self._provider_url()
        return (
            url.replace("<username>", self.username_there.data or "") if url else self.openid.data
        )

    def _provider_url(self) -> str | None:
        chosen = self.provider.data
        return next(
            (p["url"] for p in current_app.config["OPENID_PROVIDERS"] if p["name"] == chosen), None
        )


class OpenIDForm(FlaskForm):
    openid = StringField("Another OpenID", filters=[one_line])

    def validate_openid(self, field) -> None:
        if not field.data:
            raise ValidationError("Please type the OpenID that you want to add.")
        _refuse_long(field.data)


def _refuse_long(openid: str) -> None:
    if len(openid) > MAX_OPENID:
        raise ValidationError(f"Please use at most {MAX_OPENID} characters.")
