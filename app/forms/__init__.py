"""What visitors may type, and the sentence that tells them when it cannot be taken."""

import unicodedata

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import ValidationError

from app.models import User, nicknames

TAKEN = "This nickname is already in use. Please choose another one."
LONGEST_TEXT = 140
# No letter that Unicode has as one character is typed as more than four.
LONGEST_TYPED = 4 * LONGEST_TEXT
LONGEST_OPENID = 255
# The value of the button that chooses this site's own provider.
OWN_PROVIDER = "own"


def plain_text(typed: str | None) -> str:
    """Give what was typed as it is kept: trimmed, one character a line break, no controls."""
    text = (typed or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


def one_line(typed: str | None) -> str:
    return " ".join(plain_text(typed).split())


def composed(text: str) -> str:
    """Give a letter and its accent as one character (Unicode's form NFC), if there is such a one.

    Some keyboards and file names have é as two. It counts as one, and is found
    however it is typed.
    """
    # What is longer is refused, and to compose it may take time that grows with its square.
    return unicodedata.normalize("NFC", text) if len(text) <= LONGEST_TYPED else text


def at_most_140_characters(form, field) -> None:
    if (count := len(field.data)) > LONGEST_TEXT:
        raise ValidationError(f"Please use at most {LONGEST_TEXT} characters. This has {count}.")


class LoginForm(FlaskForm):
    openid = StringField("Your OpenID", filters=[one_line])
    remember_me = BooleanField("Remember me")
    provider = StringField(filters=[one_line])
    username = StringField("Your username there", filters=[one_line])

    def validate_openid(self, field) -> None:
        if self.provider.data:
            return
        if not field.data:
            raise ValidationError("Please type your OpenID, or choose one of the buttons.")
        if len(field.data) > LONGEST_OPENID:
            raise ValidationError(f"Please use at most {LONGEST_OPENID} characters.")

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
        """Give the OpenID that was typed or chosen; None stands for this site's own provider."""
        if self.provider.data == OWN_PROVIDER:
            return None
        url = self._provider_url()
        return url.replace("<username>", self.username.data) if url else self.openid.data

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
        if len(field.data) > LONGEST_OPENID:
            raise ValidationError(f"Please use at most {LONGEST_OPENID} characters.")


class DeleteForm(FlaskForm):
    nickname = StringField("Your nickname", filters=[one_line])

    def __init__(self, nickname: str, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.expected = nickname

    def validate_nickname(self, field) -> None:
        if field.data.lower() != self.expected.lower():
            raise ValidationError("Please type your own nickname, so that this is no mistake.")


class NicknameForm(FlaskForm):
    nickname = StringField("Nickname", filters=[one_line])

    def __init__(self, original_nickname: str | None = None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.original_nickname = original_nickname

    def validate_nickname(self, field) -> None:
        if field.data == self.original_nickname:
            return
        if problem := nicknames.problem(field.data):
            raise ValidationError(problem)
        # A courtesy: the answer may be out of date before it is used, and the
        # unique index has the last word.
        owner = User.find(field.data)
        if owner and owner.nickname != self.original_nickname:
            raise ValidationError(TAKEN)

    def refuse_taken(self) -> None:
        """Put beside the field what the unique index said."""
        self.nickname.errors = [*self.nickname.errors, TAKEN]


class EditForm(NicknameForm):
    about_me = TextAreaField(
        "About me", filters=[plain_text, composed], validators=[at_most_140_characters]
    )


class PostForm(FlaskForm):
    post = TextAreaField(
        "Say something", filters=[plain_text, composed], validators=[at_most_140_characters]
    )

    def validate_post(self, field) -> None:
        # Spaces, and what shows nothing at all such as a zero-width joiner.
        if all(unicodedata.category(character)[0] in "ZC" for character in field.data):
            raise ValidationError("Please write something first.")
