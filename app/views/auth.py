"""Signing in, choosing a nickname, signing out."""

import logging
from datetime import datetime

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.extensions import csrf, limiter, lm
from app.failures.redaction import OwnWord
from app.forms import OWN_PROVIDER, LoginForm, NicknameForm, typed
from app.models import (
    MAX_IDENTIFIER,
    CurrentUser,
    Identity,
    Notification,
    SignInEnded,
    Suspended,
    User,
)
from app.models.joining.admission import WELCOME, NotWelcome
from app.openid import asked
from app.openid.asked import Asked
from app.openid.relying_party import PROBLEMS, ProvenIdentifier, SignInRefused, is_answer, oid
from app.openid.xrds import advertise_xrds
from app.provider import entrance
from app.provider import sign_ins as account_sign_ins
from app.views.joining import applications as joining
from app.views.moderation import cases as moderation
from app.views.moderation import suspension
from app.views.settings import account, letters, proofs
from app.views.site import door
from app.web import browser_session, known_browsers, origin, sign_ins
from app.web.headers import allow_offsite_form_action

bp = Blueprint("auth", __name__)

# From one address: sign-ins that found no OpenID, and all that went to look for one abroad.
IN_VAIN_LIMIT = "25 per 5 minutes"
LOOKED_LIMIT = "200 per 5 minutes"
# Each makes this site ask a provider, and leaves a nonce when it is good.
ANSWER_LIMIT = "60 per 5 minutes"
NEWS = (
    "Since you last signed in with this OpenID, another was added to yours. "
    "Please look at them under “Settings”, “Account and sign-in”, "
    "and remove it if that was not you."
)


def needs_no_look() -> bool:
    """Return whether this site's own provider was chosen, or another one answers."""
    own = request.form.get("provider") == OWN_PROVIDER or door.is_for_account()
    return own or is_answer()


@lm.user_loader
def load_user(token: str) -> CurrentUser | None:
    return CurrentUser.of_token(token)


@lm.unauthorized_handler
def ask_to_sign_in():
    """Send the visitor to sign in and back; what a form held is shown, so that it is not lost."""
    if request.method == "POST":
        return render_template("errors/signed_out.html", typed=typed.shown(request.form)), 401
    home = request.path in {url_for("posts.index"), url_for("posts.home")}
    if not home:
        flash("Please sign in to see this page.", "status")
    target = {} if home and not request.query_string else {"next": request.full_path.rstrip("?")}
    return redirect(url_for("auth.login", **target))


@bp.before_app_request
def meet_user() -> None:
    g.user = current_user
    # None of them looks at its visitor, nor at the database for their sake.
    if request.endpoint in {"static", "profiles.avatar"} or request.blueprint == "health":
        return
    if current_user.is_authenticated:
        # For the log: a failure may leave nobody to ask.
        g.nickname = current_user.nickname
        sign_ins.note_use(g.user)


@bp.route("/login", methods=["GET", "POST"])
@csrf.exempt
@limiter.limit(
    IN_VAIN_LIMIT,
    methods=["POST"],
    exempt_when=needs_no_look,
    deduct_when=lambda response: g.get("looked_in_vain", False),
)
@limiter.limit(
    LOOKED_LIMIT,
    methods=["POST"],
    exempt_when=needs_no_look,
    deduct_when=lambda response: g.get("looked", False),
)
@entrance.wrong_limit(door.is_for_account)
@limiter.limit(ANSWER_LIMIT, exempt_when=lambda: not is_answer())
@oid.loginhandler
def login():
    """Show the ways to sign in, and send the visitor on to the chosen provider."""
    if elsewhere := origin.to_own_host():
        return elsewhere
    if g.user.is_authenticated:
        return redirect(oid.get_next_url())
    # The view is exempt for the sake of the providers' answers alone. (A GET passes.)
    csrf.protect()
    allow_offsite_form_action()
    if door.is_for_account():
        return door.enter()
    form = LoginForm(openid=asked.typed("openid"))
    problem = browser_session.take_problem()
    if problem == "cancelled":
        flash(PROBLEMS[problem], "status")
    elif problem:
        form.openid.errors = [PROBLEMS[problem]]
    if request.method != "POST":
        # Signed out, the site's own address leads here.
        return advertise_xrds(Response(door.page(form)), "posts.document")
    if not form.validate():
        return door.page(form), 400
    is_typed = not form.provider.data
    if is_typed and door.may_be_account(form.openid.data):
        return door.account_instead(form)
    g.looked = True
    identifier = form.identifier() or origin.own_url(url_for("provider.endpoint"))
    try:
        return oid.try_login(
            identifier,
            ask_for=["nickname", "email"],
            typed={"openid": form.openid.data} if is_typed else {},
            remember=form.remember_me.data,
        )
    except SignInRefused as refused:
        g.looked_in_vain = True
        current_app.logger.warning("sign-in refused: %s", OwnWord(refused.problem))
        if is_typed and door.is_account(form.openid.data):
            return door.account_instead(form)
        form.openid.errors = [str(refused)]
        return door.page(form), 400


@oid.errorhandler
def sign_in_failed(problem: str, expected: Asked | None = None):
    """Take the visitor back to where the sign-in began, which says what went wrong.

    `expected` is what was asked; without it nothing of the answer is kept.
    """
    level = logging.INFO if problem == "cancelled" else logging.WARNING
    current_app.logger.log(level, "sign-in refused: %s", OwnWord(problem))
    if expected:
        asked.give_back(expected.typed)
    if g.user.is_authenticated:
        # Somebody who changes how they get in, and whom the sign-in page would send on.
        if expected and expected.add_to is not None and problem != "cancelled":
            return account.not_added(problem, expected)
        flash(PROBLEMS[problem], "status" if problem == "cancelled" else "error")
        if expected and expected.prove is not None:
            return proofs.back_to_choice(expected)
        return redirect(oid.get_next_url())
    browser_session.set_problem(problem)
    return redirect(url_for("auth.login", next=oid.get_next_url()))


@oid.after_login
def after_login(resp: ProvenIdentifier):
    """Sign in the user of the proven identifier, who on the first visit is made."""
    identifier, expected = resp.identifier, resp.asked
    # Its fragment is the provider's own words, and comes from no address that we fetched.
    if len(identifier) > MAX_IDENTIFIER or not identifier.isprintable():
        return sign_in_failed("refused", expected)
    proved = proofs.proof_time(identifier, resp.auth_time)
    if proved is None:
        return sign_in_failed("elsewhere", expected)
    if expected.prove is not None:
        return proofs.accept(identifier, expected, proved)
    if expected.add_to is not None:
        return account.add_proven(identifier, expected)
    user = User.of_identifier(identifier)
    if user is not None:
        return _signed_in(user, identifier, expected.remember, proved)
    try:
        met = joining.meet(resp)
    except SignInEnded:
        return sign_in_failed("elsewhere", expected)
    if not isinstance(met, User):
        return met
    return _signed_in(met, identifier, expected.remember, proved, new=True)


def _signed_in(user: User, identifier: str, remember: bool, proved: datetime, new: bool = False):
    target, news = oid.get_next_url(), Identity.is_followed_by_another(identifier)
    try:
        at_provider = account_sign_ins.here()
        at_provider_id = at_provider.id if at_provider else None
        sign_ins.begin(user, identifier, remember, proved, at_provider_id, new)
    except SignInEnded:
        return sign_in_failed("elsewhere")
    except Suspended:
        return suspension.tell(user)
    moderation.delete_expired()
    if not new and not known_browsers.is_known(user.id):
        letters.new_browser(user)
    if new:
        flash(f"Welcome, {user.nickname}!", "success")
        current_app.logger.info("new user %s", user.id)
    for text in Notification.take(user.id, WELCOME):
        flash(f"Welcome, {user.nickname}! {text}", "success")
    if news:
        flash(NEWS, "status")
    return redirect(target)


@bp.route("/login/nickname", methods=["GET", "POST"])
def nickname():
    """Ask a newcomer, whose provider sent no usable name, for a nickname."""
    newcomer = browser_session.newcomer()
    if newcomer is None:
        return redirect(url_for("auth.login"))
    form = NicknameForm(data={"nickname": asked.typed("nickname")})
    if form.validate_on_submit():
        if problem := joining.problem_of(newcomer):
            return sign_in_failed(problem)
        try:
            user = joining.admitted(newcomer, form.nickname.data)
        except IntegrityError:
            form.refuse_taken()
        except SignInEnded:
            return sign_in_failed("elsewhere")
        except NotWelcome as refusal:
            # It was open when the form was.
            asked.give_back({"nickname": form.nickname.data})
            return joining.turn_to(refusal.entry)
        else:
            proved = proofs.proof_time(newcomer.identifier, joining.moment_of(newcomer))
            return _signed_in(user, newcomer.identifier, newcomer.remember, proved, new=True)
    page = render_template("auth/nickname.html", form=form, next=oid.get_next_url())
    return (page, 400) if form.errors else page


@bp.route("/logout", methods=["GET", "POST"])
def logout():
    """Sign the visitor out, here and at this site's own provider; a GET shows the button."""
    if request.method != "POST":
        return render_template("auth/logout.html")
    if g.user.is_authenticated:
        g.user.sign_out(g.user.sign_in.id)
        current_app.logger.info("sign-out of user %s", g.user.id)
    account.sign_out()
    flash("You are signed out.", "success")
    return redirect(url_for("auth.login"))
