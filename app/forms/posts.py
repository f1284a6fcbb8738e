"""Writing a post, or changing one."""

import unicodedata

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import ValidationError

from app.forms.text import MaxCharacters, composed, plain_text
from app.models import MAX_BODY


class PostForm(FlaskForm):
    post = TextAreaField(
        "Say something", filters=[plain_text, composed], validators=[MaxCharacters(MAX_BODY)]
    )

    def validate_post(self, field) -> None:
        # Spaces, and what shows nothing at all such as a zero-width joiner.
        if all(unicodedata.category(character)[0] in "ZC" for character in field.data):
            raise ValidationError("Please write something first.")
