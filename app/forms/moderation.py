"""Telling moderators of something, deciding about it, and answering a suspension."""

import re
import unicodedata

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import ValidationError

from app.forms.text import MaxCharacters, composed, one_line, plain_text
from app.models.moderation.actions import MAX_APPEAL, MAX_REASON
from app.models.moderation.decisions import DEEDS, MAX_DAYS
from app.models.moderation.reports import CHOICES, MAX_SENTENCE


def says_something(form, field) -> None:
    # Spaces, and what shows nothing at all such as a zero-width joiner.
    if all(unicodedata.category(character)[0] in "ZC" for character in field.data):
        raise ValidationError("Please write a sentence.")


class ReportForm(FlaskForm):
    # A text of several lines on the page, so that Enter presses none of its buttons.
    sentence = TextAreaField(
        "What is wrong?",
        filters=[one_line, composed],
        validators=[says_something, MaxCharacters(MAX_SENTENCE)],
    )
    # The value of the button.
    choice = StringField(filters=[one_line])

    def validate_choice(self, field) -> None:
        if field.data not in CHOICES:
            raise ValidationError("Please press one of the buttons.")


class AnswerForm(FlaskForm):
    sentence = TextAreaField(
        "What they will read",
        filters=[one_line, composed],
        validators=[MaxCharacters(MAX_REASON)],
    )
    # The button that lets them in, which needs no sentence.
    let_in = BooleanField()

    def validate_sentence(self, field) -> None:
        if not self.let_in.data:
            says_something(self, field)


class DecisionForm(FlaskForm):
    reason = TextAreaField(
        "Why?", filters=[one_line, composed], validators=[says_something, MaxCharacters(MAX_REASON)]
    )
    # The value of the button.
    kind = StringField(filters=[one_line])
    # What the moderator knew: the last of the decisions about this person, and of the reports.
    seen = IntegerField()
    newest_report = IntegerField()

    def validate_kind(self, field) -> None:
        if field.data not in self.kinds:
            raise ValidationError("Please press one of the buttons.")

    kinds = frozenset(DEEDS) - {"suspend"}


class SuspensionForm(DecisionForm):
    days = StringField("For how many days?", filters=[one_line])

    kinds = frozenset({"suspend", "for-good"})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # It stands on one page with the form of the other decisions.
        self.reason.id = self.reason.label.field_id = "suspension-reason"

    def validate_days(self, field) -> None:
        if self.kind.data == "suspend" and self.length() is None:
            raise ValidationError(f"Please type a number of days, from 1 to {MAX_DAYS}.")

    def length(self) -> int | None:
        """Return the days that were typed, or None when it is no number of them."""
        typed = self.days.data or ""
        fits = re.fullmatch("[0-9]{1,3}", typed) and 1 <= int(typed) <= MAX_DAYS
        return int(typed) if fits else None


class AppealForm(FlaskForm):
    appeal = TextAreaField(
        "Your answer",
        filters=[plain_text, composed],
        validators=[says_something, MaxCharacters(MAX_APPEAL)],
    )
