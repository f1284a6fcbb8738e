"""Signing in, choosing a nickname, signing out."""

import logging

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app import nicknames, origin, sessions
from app.extensions import csrf, limiter, lm, oid
from app.forms import LONGEST_OPENID, LoginForm, NicknameForm
from app.headers import let_form_leave
from app.hiding import OwnWord
from app.models import LONGEST_IDENTIFIER, Identity, SignIn, User, cleaned_email
from app.openid.discovery import point_at
from app.openid.relying_party import PROBLEMS, is_answer
from app.views import openids

bp = Blueprint("auth", __name__)

SIGN_IN_LIMIT = "25 per 5 minutes"
# Each makes this site ask a provider, and leaves a nonce when it is good.
ANSWER_LIMIT = "60 per 5 minutes"


@lm.user_loader
def load_user(token: str) -> User | None:
    return SignIn.user_of(token)


@lm.unauthorized_handler
def ask_to_sign_in():
    """Send the visitor to sign in and back; what a form held is shown, so that it is not lost."""
    if request.method == "POST":
        return render_template("errors/signed_out.html", typed=request.form), 401
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
        sessions.note_use(g.user)


@bp.route("/login", methods=["GET", "POST"])
@csrf.exempt
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
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
    let_form_leave()
    form = LoginForm(openid=session.pop("typed", ""))
    if problem := session.pop("problem", None):
        form.openid.errors = [PROBLEMS[problem]]
    if request.method != "POST":
        # Signed out, the site's own address leads here.
        return point_at(Response(_sign_in_page(form)), "posts.document")
    if not form.validate():
        return _sign_in_page(form), 400
    identifier = form.identifier() or origin.own_url(url_for("provider.endpoint"))
    outcome = oid.try_login(
        identifier,
        ask_for=["nickname", "email"],
        typed="" if form.provider.data else form.openid.data,
        remember=form.remember_me.data,
    )
    if outcome in PROBLEMS:
        current_app.logger.warning("sign-in refused: %s", OwnWord(outcome))
        form.openid.errors = [PROBLEMS[outcome]]
        return _sign_in_page(form), 400
    return outcome


def _sign_in_page(form: LoginForm) -> str:
    providers = current_app.config["OPENID_PROVIDERS"]
    return render_template(
        "auth/login.html",
        form=form,
        next=oid.get_next_url(),
        providers=[p["name"] for p in providers if "<username>" not in p["url"]],
        username_providers=[p["name"] for p in providers if "<username>" in p["url"]],
        own_provider=current_app.config["PROVIDER"] != "off",
    )


@oid.errorhandler
def sign_in_failed(problem: str):
    """Take the visitor back to the sign-in page, which says what went wrong."""
    level = logging.INFO if problem == "cancelled" else logging.WARNING
    current_app.logger.log(level, "sign-in refused: %s", OwnWord(problem))
    typed = request.values.get("typed", "")
    # It waits in a cookie, where other characters than ASCII take six each.
    session["typed"] = typed if len(ascii(typed)) <= LONGEST_OPENID else ""
    if g.user.is_authenticated:
        # Somebody who adds an OpenID, and whom the sign-in page would send on.
        flash(PROBLEMS[problem], "error")
        return redirect(oid.get_next_url())
    session["problem"] = problem
    return redirect(url_for("auth.login", next=oid.get_next_url()))


@oid.after_login
def after_login(resp):
    """Sign in the user of the proven identifier, who on the first visit is made."""
    # Its fragment is the provider's own words, and comes from no address that we fetched.
    if len(resp.identity_url) > LONGEST_IDENTIFIER or not resp.identity_url.isprintable():
        return sign_in_failed("refused")
    if resp.add_to is not None:
        return openids.add_proven(resp.identity_url, resp.add_to)
    user = Identity.owner(resp.identity_url)
    if user is None:
        email = cleaned_email(resp.email)
        local_part = email and email.rpartition("@")[0]
        nickname = nicknames.cleaned(resp.nickname) or nicknames.cleaned(local_part)
        if nickname is None:
            session["newcomer"] = [resp.identity_url, email, resp.remember]
            return redirect(url_for("auth.nickname", next=oid.get_next_url()))
        user = User.sign_up(resp.identity_url, nickname, email)
        flash(f"Welcome, {user.nickname}!", "success")
        current_app.logger.info("new user %s", user.id)
    target = oid.get_next_url()
    sessions.begin(user, resp.identity_url, resp.remember)
    return redirect(target)


@bp.route("/login/nickname", methods=["GET", "POST"])
def nickname():
    """Ask a newcomer, whose provider sent no usable name, for a nickname."""
    if "newcomer" not in session:
        return redirect(url_for("auth.login"))
    form = NicknameForm()
    if form.validate_on_submit():
        identifier, email, remember = session["newcomer"]
        if Identity.owner(identifier):
            # Somebody who finds this cookie later must not get in with it.
            return sign_in_failed("used")
        try:
            user = User.sign_up_as(identifier, form.nickname.data, email)
        except IntegrityError:
            form.refuse_taken()
        else:
            flash(f"Welcome, {user.nickname}!", "success")
            current_app.logger.info("new user %s", user.id)
            target = oid.get_next_url()
            sessions.begin(user, identifier, remember)
            return redirect(target)
    page = render_template("auth/nickname.html", form=form, next=oid.get_next_url())
    return (page, 400) if form.errors else page


@bp.route("/logout", methods=["GET", "POST"])
def logout():
    """Sign the visitor out, here and at this site's own provider; a GET shows the button."""
    if request.method != "POST":
        return render_template("auth/logout.html")
    if g.user.is_authenticated:
        g.user.end_sign_ins(g.user.sign_in.id)
        current_app.logger.info("sign-out of user %s", g.user.id)
    sessions.forget()
    flash("You are signed out.", "success")
    return redirect(url_for("auth.login"))
