"""What a user says of themselves: the nickname, about me, and that they leave for good."""

from urllib.parse import urlsplit

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import ValidationError

from app.forms.text import MaxCharacters, composed, one_line, plain_text
from app.models import MAX_ABOUT_ME, ReservedName, User, nicknames
from app.models.joining.applications import MAX_REASON
from app.models.names import MAX_OLD_NAMES
from app.models.users import MAX_WEB_ADDRESS

TAKEN = "This nickname is already in use. Please choose another one."
TOO_OFTEN = (
    f"You have had {MAX_OLD_NAMES} other nicknames within a year, which still lead to you. "
    "You can take one of them back, or choose a new one later."
)


class NicknameForm(FlaskForm):
    nickname = StringField("Nickname", description=nicknames.HINT, filters=[one_line])

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
        me = User.find(self.original_nickname) if self.original_nickname else None
        if ReservedName.is_kept_from(me and me.id, field.data):
            raise ValidationError(TAKEN)

    def refuse_taken(self) -> None:
        """Put beside the field what the unique index said."""
        self.nickname.errors = [*self.nickname.errors, TAKEN]

    def refuse_more(self) -> None:
        """Refuse the nickname, beside its field, as one too many."""
        self.nickname.errors = [*self.nickname.errors, TOO_OFTEN]


class JoinForm(NicknameForm):
    reason = TextAreaField(
        "Why would you like to join?",
        filters=[plain_text, composed],
        validators=[MaxCharacters(MAX_REASON)],
    )

    def validate_reason(self, field) -> None:
        if not field.data:
            raise ValidationError("Please say in a sentence why you would like to join.")


def web_address(typed: str | None) -> str:
    """Return what was typed for a web address as it is kept: with a scheme, if it had none."""
    text = one_line(typed)
    return text if not text or "://" in text else f"https://{text}"


class EditForm(NicknameForm):
    about_me = TextAreaField(
        "About me", filters=[plain_text, composed], validators=[MaxCharacters(MAX_ABOUT_ME)]
    )
    web_address = StringField("Web address", filters=[web_address])

    def validate_web_address(self, field) -> None:
        if field.data and not is_web_address(field.data):
            raise ValidationError(
                "Please type the address of a web page, such as https://example.com, of at most "
                f"{MAX_WEB_ADDRESS} characters."
            )


def is_web_address(text: str) -> bool:
    """Return whether this is an http or https address that can stand on a page as a link."""
    if len(text) > MAX_WEB_ADDRESS or not text.isprintable() or set(text) & set(' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(text)
        # Reading the port is what judges it.
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    # A name before an @ is there to make another host look like this one.
    return parts.scheme in {"http", "https"} and has_host and "@" not in parts.netloc


class DeleteForm(FlaskForm):
    nickname = StringField("Your nickname", filters=[one_line])

    def __init__(self, nickname: str, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.expected = nickname

    def validate_nickname(self, field) -> None:
        if field.data.lower() != self.expected.lower():
            raise ValidationError("Please type your own nickname, so that this is no mistake.")
