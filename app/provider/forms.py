"""The forms of our own provider."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from app.forms import one_line
from app.models import cleaned_email, nicknames
from app.models.emails.addresses import MAX_EMAIL
from app.provider.models import Account
from app.provider.passwords import strength
from app.provider.second_factor.models import SecondFactor

CODE_HINT = "The six digits that your app shows now, or a recovery code."


def typed(password: str | None) -> str:
    """Return a password as it was typed; a form without the field has an empty one."""
    return password or ""


def _is_typed(form: FlaskForm, field) -> None:
    if not field.data.strip():
        raise ValidationError("Please type the code.")


class CodeField(PasswordField):
    """A field for a code, which can be read while it is typed, but is a secret all the same."""

    def __init__(self, label="Code", **options):
        options |= {"widget": TextInput(), "filters": [typed], "validators": [_is_typed]}
        super().__init__(label, description=CODE_HINT, **options)


class CodeForm(FlaskForm):
    code = CodeField()


class OwnerForm(FlaskForm):
    """A form that is for the owner alone: the password, and the code where one is asked for."""

    password = PasswordField("Password", filters=[typed])
    code: CodeField | None = CodeField()

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if SecondFactor.of(account.id) is None:
            del self.code

    def validate_password(self, field) -> None:
        if not field.data:
            raise ValidationError("Please type your password.")


class SignInForm(FlaskForm):
    username = StringField("Username", filters=[one_line])
    password = PasswordField("Password", filters=[typed])

    def validate_username(self, field) -> None:
        if not field.data:
            raise ValidationError("Please type your username.")
        if "@" in field.data:
            raise ValidationError("Please type your username, and not your e-mail address.")

    def validate_password(self, field) -> None:
        if not field.data:
            raise ValidationError("Please type your password.")

    def refuse(self) -> None:
        """Refuse the two together, without a word on which of them is wrong."""
        self.password.errors = ["This username and password do not belong together."]


class JoinForm(FlaskForm):
    TAKEN = "This username is already in use. Please choose another one."

    username = StringField("Username", description=nicknames.HINT, filters=[one_line])
    password = PasswordField("Password", filters=[typed])
    email = EmailField("E-mail (optional)", filters=[one_line])
    # A button: the page again, with a password that can be read while it is typed.
    show = BooleanField()

    def validate_username(self, field) -> None:
        if problem := nicknames.problem(field.data):
            raise ValidationError(problem)
        if Account.is_taken(field.data):
            raise ValidationError(self.TAKEN)

    def validate_password(self, field) -> None:
        if problem := strength.problem(field.data, self.username.data, self.email.data):
            raise ValidationError(problem)

    def validate_email(self, field) -> None:
        if field.data and not cleaned_email(field.data):
            raise ValidationError("Please type an address such as you@example.com, or nothing.")


class PasswordForm(OwnerForm):
    old_password = PasswordField("Current password", filters=[typed])
    password = PasswordField("New password", filters=[typed])

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(account, *args, **kwargs)
        self.account = account

    def validate_old_password(self, field) -> None:
        if not field.data:
            raise ValidationError("Please type your current password.")

    def validate_password(self, field) -> None:
        _refuse_weak(field.data, self.account)


class NewPasswordForm(FlaskForm):
    password = PasswordField("New password", filters=[typed])

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.account = account

    def validate_password(self, field) -> None:
        _refuse_weak(field.data, self.account)


class ForgottenForm(FlaskForm):
    account = StringField("Your username or e-mail address", filters=[one_line])

    def validate_account(self, field) -> None:
        if not 0 < len(field.data) <= MAX_EMAIL:
            raise ValidationError("Please type your username, or your e-mail address.")


def _refuse_weak(password: str, account: Account) -> None:
    if problem := strength.problem(password, account.username, account.email):
        raise ValidationError(problem)
