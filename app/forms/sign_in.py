"""Signing in with an OpenID, and adding another one."""

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import ValidationError

from app.forms.text import one_line
from app.models import nicknames

MAX_OPENID = 255
# The value of the button that chooses this site's own provider.
OWN_PROVIDER = "own"


class LoginForm(FlaskForm):
    openid = StringField("Your OpenID", filters=[one_line])
    remember_me = BooleanField("Remember me", id="remember_with_openid")
    provider = StringField(filters=[one_line])
    username = StringField("Your username there", id="username_there", filters=[one_line])

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

    def validate_username(self, field) -> None:
        if "<username>" in (self._provider_url() or "") and not (
            nicknames.SHAPE.fullmatch(field.data)
        ):
            raise ValidationError("Please type your username there, without its address.")

    def identifier(self) -> str | None:
        """Return the OpenID that was typed or chosen, or None for this site's own provider."""
        if self.provider.data == OWN_PROVIDER:
            return None
        url = self._provider_url()
        return url.replace("<username>", self.username.data or "") if url else self.openid.data

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
