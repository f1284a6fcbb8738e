"""What visitors may type, and the sentence that tells them when it cannot be taken.

A form judges text and changes nothing: what is done with it are verbs of `app.models`, and
the forms of our own provider are in `app.provider`.
"""

from app.forms.emails import EmailForm, LettersForm
from app.forms.moderation import AnswerForm, AppealForm, DecisionForm, ReportForm, SuspensionForm
from app.forms.posts import PostForm
from app.forms.profiles import TAKEN, TOO_OFTEN, DeleteForm, EditForm, JoinForm, NicknameForm
from app.forms.sign_in import OWN_PROVIDER, LoginForm, OpenIDForm
from app.forms.text import one_line

__all__ = [
    "OWN_PROVIDER",
    "TAKEN",
    "TOO_OFTEN",
    "AnswerForm",
    "AppealForm",
    "DecisionForm",
    "DeleteForm",
    "EditForm",
    "EmailForm",
    "JoinForm",
    "LettersForm",
    "LoginForm",
    "NicknameForm",
    "OpenIDForm",
    "PostForm",
    "ReportForm",
    "SuspensionForm",
    "one_line",
]
