"""What waits for the moderators, what they do about it, and the public log of that."""

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)

from app.extensions import db
from app.forms import AnswerForm, DecisionForm, SuspensionForm
from app.models import Application, Thing
from app.models.joining import admission as joining
from app.models.moderation import decisions
from app.models.moderation.decisions import DecidedMeanwhile, Decision, Impossible, NotAllowed
from app.models.moderation.reports import CHOICES
from app.openid import asked
from app.queries import moderation
from app.queries.moderation import Case
from app.rendering import actions, dates
from app.views.joining import letters
from app.views.paging import bounds
from app.views.posts import POST
from app.views.settings import proofs
from app.web.access import moderator_required, reader_required
from app.web.headers import allow_offsite_form_action

bp = Blueprint("moderation", __name__, url_prefix="/moderation")

ANSWERED = (
    "That newcomer does not wait any more: somebody else was quicker, or nobody may join now."
)


@bp.get("")
@moderator_required
def index():
    """Show a moderator what waits, oldest first."""
    user_id = g.user.id
    delete_expired()
    return render_template(
        "moderation/index.html", waiting=moderation.waiting_for(user_id), choices=CHOICES
    )


@bp.get("/log")
@reader_required
def log():
    """Show everybody what was decided, by whom, when and why."""
    return render_template("moderation/log.html", page=moderation.log(bounds()), tell=actions.tell)


@bp.route(POST, methods=["GET", "POST"])
@moderator_required
def post(post_id: int):
    """Show a moderator all about one post, and do what they decide."""
    return _decide(moderation.case_of_post(post_id), url_for("moderation.post", post_id=post_id))


@bp.route("/user/<nickname>", methods=["GET", "POST"])
@moderator_required
def user(nickname: str):
    """Show a moderator all about one person, and do what they decide."""
    return _decide(moderation.case_of_user(nickname), url_for("moderation.user", nickname=nickname))


@bp.post("/newcomers/<int(max=2147483647):application_id>")
@moderator_required
def answer(application_id: int):
    """Let a newcomer join, or refuse with a sentence that the newcomer will read."""
    application = db.session.get(Application, application_id)
    form = AnswerForm()
    if application is None:
        flash(ANSWERED, "error")
    elif not form.validate():
        flash(" ".join(form.sentence.errors), "error")
    elif told := _answer(application, form):
        flash(told, "success")
    else:
        flash(ANSWERED, "error")
    return redirect(url_for("moderation.index"))


def _answer(application: Application, form: AnswerForm) -> str | None:
    """Return what was done about the newcomer, or None when nothing could be any more."""
    moderator, sentence = g.user._get_current_object(), form.sentence.data or ""
    email, nickname = application.email, application.nickname
    if form.let_in.data:
        user = joining.approve(application, moderator, sentence)
        if user is None:
            return None
        letters.let_in(email, user.nickname)
        return f"{user.nickname} may come in."
    if not joining.refuse(application, moderator, sentence):
        return None
    letters.refused(email, nickname, sentence)
    return f"{nickname} will read your answer."


def delete_expired() -> None:
    """Delete those whose time to answer a suspension for good is over."""
    for user_id in decisions.delete_expired():
        current_app.logger.info("user %s deleted, who was suspended for good", user_id)


def _decide(case: Case | None, here: str):
    if case is None or case.user.id == g.user.id:
        abort(404)
    if not case.user.is_moderator:
        # A suspension for good asks for a proof, which may be elsewhere.
        allow_offsite_form_action()
    suspends = request.form.get("kind") in SuspensionForm.kinds
    form = DecisionForm(request.form if not suspends else None)
    suspension = SuspensionForm(
        request.form if suspends else None, data={"reason": asked.typed("reason")}
    )
    if request.method != "POST":
        return _page(case, here, form, suspension)
    if case.user.is_moderator:
        abort(404)
    sent = suspension if suspends else form
    if not sent.validate():
        return _page(case, here, form, suspension), 400
    if sent.kind.data == "for-good":
        if proof := proofs.ask_unless_fresh(here, reason=sent.reason.data or ""):
            return proof
    try:
        decisions.decide(_decision(sent, case.thing), g.user)
    except NotAllowed:
        abort(404)
    except Impossible as problem:
        return _page(_again(case), here, form, suspension, str(problem)), 409
    except DecidedMeanwhile as other:
        return _page(_again(case), here, form, suspension, actions.meanwhile(other.action)), 409
    flash("Done. Everybody can read it in the log.", "success")
    return redirect(url_for("moderation.index"))


def _decision(form: DecisionForm, thing: Thing) -> Decision:
    return Decision(
        "suspend" if isinstance(form, SuspensionForm) else form.kind.data or "",
        thing,
        form.reason.data or "",
        form.length() if form.kind.data == "suspend" else None,
        form.seen.data or 0,
        form.newest_report.data or 0,
    )


def _again(case: Case) -> Case:
    """Return what there is to know by now."""
    user_id, post_id = case.thing
    now = (
        moderation.case_of_user(case.user.nickname)
        if post_id is None
        else (moderation.case_of_post(post_id))
    )
    return now or abort(404)


def _page(case: Case, here: str, form, suspension, meanwhile: str | None = None) -> str:
    return render_template(
        "moderation/case.html",
        case=case,
        here=here,
        form=form,
        suspension_form=suspension,
        meanwhile=meanwhile,
        choices=CHOICES,
        tell=actions.tell,
        absolute=dates.absolute,
    )
