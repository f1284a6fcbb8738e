"""How typed text is cleaned before it is judged and kept, and how long it may be."""

import unicodedata

from wtforms import Field, Form
from wtforms.validators import ValidationError

from app.models import MAX_ABOUT_ME, MAX_BODY

# No letter that Unicode has as one character is typed as more than four.
MAX_COMPOSED = 4 * max(MAX_BODY, MAX_ABOUT_ME)


def plain_text(typed: str | None) -> str:
    """Return what was typed as it is kept: trimmed, one character a line break, no controls."""
    text = (typed or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


def one_line(typed: str | None) -> str:
    """Return what was typed in one line, with a single space wherever there was white space."""
    return " ".join(plain_text(typed).split())


def composed(text: str) -> str:
    """Return `text` with a letter and its accent as one character, where Unicode has such a one.

    That is its form NFC. Some keyboards and file names have é as two characters. It counts as
    one, and is found however it is typed. What is far too long is returned as it is.
    """
    # It is refused, and to compose it may take time that grows with its square.
    return unicodedata.normalize("NFC", text) if len(text) <= MAX_COMPOSED else text


class MaxCharacters:
    """A validator of at most `maximum` characters, as Python counts them.

    Not WTForms' Length: its maxlength makes browsers cut what is pasted, and they count
    otherwise. Templates find `maximum` in the field's flags, and say how many are left.
    """

    def __init__(self, maximum: int):
        self.maximum = maximum
        self.field_flags = {"max_characters": maximum}

    def __call__(self, form: Form, field: Field) -> None:
        if (count := len(field.data)) > self.maximum:
            raise ValidationError(
                f"Please use at most {self.maximum} characters. This has {count}."
            )
