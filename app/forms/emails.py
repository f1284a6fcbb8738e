"""The address to which letters to a user go."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField
from wtforms.validators import ValidationError

from app.forms.text import one_line
from app.models import cleaned_email


class EmailForm(FlaskForm):
    email = EmailField("E-mail address", filters=[one_line])

    def validate_email(self, field) -> None:
        if not cleaned_email(field.data):
            raise ValidationError("Please type an address such as you@example.com.")


class LettersForm(FlaskForm):
    browsers = BooleanField("Write to me when somebody signs in as me in a new browser")
