"""Newcomers: who may become a user at once, who asks and waits, and who cannot join now."""

from datetime import UTC, datetime, timedelta

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.exc import IntegrityError

from app.database import now
from app.extensions import limiter, visitor_address
from app.failures.redaction import OwnWord
from app.forms import JoinForm, typed
from app.models import Application, Invitation, User, cleaned_email, nicknames
from app.models.joining import admission as rules
from app.models.joining.admission import Entry, NotWelcome
from app.models.joining.applications import APPLICATION_ENDS_AFTER, TooManyWaiting
from app.models.tokens import derived
from app.openid import asked
from app.openid.relying_party import PROBLEMS, ProvenIdentifier, oid
from app.views.settings import proofs
from app.web import browser_session
from app.web.browser_session import Newcomer

bp = Blueprint("joining", __name__)

# How long somebody new may take to choose a nickname.
MAX_NEWCOMER_AGE = timedelta(hours=1)
# Links that are opened, and forms that are sent, from one address.
INVITATION_LIMIT = "60 per 5 minutes"
ASK_LIMIT = "30 per 5 minutes"
MAX_TOKEN = 64

TURNED_AWAY = {
    Entry.INVITE: "Your OpenID is fine, but nobody here has it, and whoever is new needs an "
    "invitation of a member.",
    Entry.CLOSED: "Your OpenID is fine, but nobody here has it, and this site takes no new "
    "members at present.",
    Entry.REFUSED: PROBLEMS["removed"],
}
TOO_MANY = (
    "Very many people wait for an answer just now. Please copy what you wrote, "
    "and ask again in a few days."
)
ENDED = "This invitation lets nobody in any more. Please ask whoever sent it for another one."
MEMBER_ALREADY = "You are a member already. An invitation is for somebody who is new here."
LET_IN = "You have been let in! Please sign in with the same OpenID as before."
COME_IN = "You may join right now, without waiting for an answer."


def moment_of(newcomer: Newcomer) -> datetime:
    """Return when a newcomer proved their OpenID."""
    return datetime.fromtimestamp(newcomer.proved, UTC)


def problem_of(newcomer: Newcomer) -> str | None:
    """Return the key of PROBLEMS that ends this, or None while they may go on."""
    if User.of_identifier(newcomer.identifier):
        # Somebody who finds this cookie later must not get in with it.
        return "used"
    moment = moment_of(newcomer)
    gone = proofs.proof_time(newcomer.identifier, moment) is None
    if gone or now() - moment > MAX_NEWCOMER_AGE:
        # Nor make a user of an OpenID that somebody may have again by then.
        browser_session.delete_newcomer()
        return "elsewhere"
    return None


def admitted(newcomer: Newcomer, nickname: str) -> User:
    """Return the new user. Raises IntegrityError and NotWelcome."""
    token = browser_session.invitation()
    return rules.admit_as(newcomer.identifier, nickname, newcomer.email, token)


def meet(resp: ProvenIdentifier):
    """Return the user whom an answer makes of a newcomer, or the page that comes next."""
    identifier, email, moment = resp.identifier, cleaned_email(resp.email), int(now().timestamp())
    browser_session.set_newcomer(Newcomer(identifier, email, resp.asked.remember, moment))
    entry = rules.decide(identifier, browser_session.invitation())
    if entry is not Entry.WELCOME:
        return turn_to(entry)
    before = Application.of(identifier)
    local_part = email and email.rpartition("@")[0]
    nickname = (
        (before and before.nickname)
        or nicknames.cleaned(resp.nickname)
        or nicknames.cleaned(local_part)
    )
    if nickname is None:
        return redirect(url_for("auth.nickname", next=oid.get_next_url()))
    try:
        return rules.admit(identifier, nickname, email, browser_session.invitation())
    except NotWelcome as refusal:
        # Somebody else was quicker with the invitation.
        return turn_to(refusal.entry)


def turn_to(entry: Entry):
    """Lead a newcomer who is not welcome at once to what they may do."""
    token = browser_session.invitation()
    if token and not Invitation.find(token):
        browser_session.delete_invitation()
        flash(ENDED, "error")
    person = browser_session.newcomer()
    if entry is not Entry.REFUSED and person and Application.of(person.identifier):
        return redirect(url_for("joining.waiting"))
    if entry is Entry.ASK:
        return redirect(url_for("joining.join"))
    browser_session.delete_newcomer()
    current_app.logger.info("newcomer turned away: %s", OwnWord(entry.value))
    flash(TURNED_AWAY[entry], "error")
    return redirect(url_for("auth.login"))


@bp.get("/join")
@limiter.limit(INVITATION_LIMIT, exempt_when=lambda: "invitation" not in request.args)
def join():
    """Take an invitation to the sign-in page, or let a newcomer ask to join."""
    if "invitation" in request.args:
        return _open_invitation(request.args["invitation"])
    return _ask(JoinForm(data={"nickname": asked.typed("nickname")}))


@bp.post("/join")
@limiter.limit(ASK_LIMIT)
def ask():
    """Keep what a newcomer writes to the moderators, and show what happens next."""
    answer = _ask(JoinForm())
    if isinstance(answer, str | tuple) or answer.location == url_for("joining.waiting"):
        return answer
    # They may not ask any more, and what they wrote would be lost on the way.
    written = typed.shown(request.form)
    page = render_template("joining/changed.html", onward=answer.location, typed=written)
    return page, 409


def _open_invitation(token: str):
    if g.user.is_authenticated:
        flash(MEMBER_ALREADY, "status")
        return redirect(url_for("posts.index"))
    if len(token) > MAX_TOKEN or Invitation.find(token) is None:
        # One that the browser has stays: nobody loses it by a link of somebody else's.
        flash(ENDED, "error")
    else:
        browser_session.set_invitation(token)
    return redirect(url_for("auth.login"))


def _ask(form: JoinForm):
    person = browser_session.newcomer()
    if g.user.is_authenticated or person is None:
        return redirect(url_for("auth.login"))
    if problem := problem_of(person):
        return _begin_again(problem)
    entry = rules.decide(person.identifier, browser_session.invitation())
    if entry is Entry.WELCOME:
        # It became open, or an invitation came, while the form was.
        asked.give_back({"nickname": form.nickname.data or ""})
        flash(COME_IN, "success")
        return redirect(url_for("auth.nickname"))
    if entry is not Entry.ASK or Application.of(person.identifier):
        return turn_to(entry)
    if form.validate_on_submit():
        address = derived("address of an application", visitor_address()).hex()
        nickname, reason = form.nickname.data or "", form.reason.data or ""
        try:
            Application.ask(person.identifier, nickname, person.email, reason, address)
        except TooManyWaiting:
            form.reason.errors = [TOO_MANY]
        except IntegrityError:
            # Two tabs, one application.
            return redirect(url_for("joining.waiting"))
        else:
            current_app.logger.info("a newcomer asks to join")
            return redirect(url_for("joining.waiting"))
    page = render_template("joining/ask.html", form=form)
    return (page, 400) if form.errors else page


def _begin_again(problem: str):
    flash(PROBLEMS[problem], "error")
    return redirect(url_for("auth.login"))


@bp.get("/join/waiting")
def waiting():
    """Show a newcomer who has asked how it stands."""
    person = browser_session.newcomer()
    if g.user.is_authenticated or person is None:
        return redirect(url_for("auth.login"))
    if User.of_identifier(person.identifier):
        browser_session.delete_newcomer()
        flash(LET_IN, "success")
        return redirect(url_for("auth.login"))
    if problem := problem_of(person):
        return _begin_again(problem)
    application = Application.of(person.identifier)
    if application is None:
        return redirect(url_for("joining.join"))
    begins = application.refused or application.created
    return render_template(
        "joining/waiting.html", application=application, ends=begins + APPLICATION_ENDS_AFTER
    )
