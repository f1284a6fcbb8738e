"""What was typed into a form that could not be taken, to be shown once more."""

from collections.abc import Iterator, Mapping

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.fields.core import UnboundField

from app.forms.sign_in import chooses_openid


def shown(sent: Mapping[str, str]) -> dict[str, str]:
    """Return what a visitor wrote in text fields of our forms; never what is a password in any."""
    names = _names(StringField) - _names(PasswordField) - {"provider"}
    return {name: value for name, value in sent.items() if value and name in names}


def holds_password(sent: Mapping[str, str]) -> bool:
    """Return whether a form was sent that cannot be sent again without its password."""
    return not (chooses_openid(sent) or _names(PasswordField).isdisjoint(sent))


def _names(kind: type) -> set[str]:
    """Return the names of all fields of `kind` in our forms."""
    return {
        name
        for form in _forms(FlaskForm)
        for name in dir(form)
        if isinstance(field := getattr(form, name), UnboundField)
        and issubclass(field.field_class, kind)
    }


def _forms(parent: type) -> Iterator[type]:
    subclasses: list[type] = parent.__subclasses__()
    for form in subclasses:
        yield form
        yield from _forms(form)
