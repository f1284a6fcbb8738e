"""The provider as its members meet it: joining, signing in, their account and identity."""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from openid.server.server import CheckIDRequest
from sqlalchemy.exc import IntegrityError

from app import provider
from app.extensions import db, limiter
from app.models import CurrentUser, User, endings, nicknames
from app.models.joining.admission import told
from app.openid.xrds import endpoint_url, identity_document, wants_xrds
from app.provider import entrance, letters, sign_ins
from app.provider.forms import JoinForm, OwnerForm, PasswordForm, SignInForm
from app.provider.models import Account, Consent
from app.provider.protocol import answers
from app.provider.protocol.requests import PendingRequest
from app.provider.second_factor.proof import is_owner
from app.provider.views import second_step
from app.web import browser_session
from app.web.headers import allow_offsite_form_action
from app.web.redirects import safe_next

bp = Blueprint("accounts", __name__)

# Accounts that are made from one address, and forms that are sent for it.
JOIN_LIMIT = "10 per hour"
JOIN_FORM_LIMIT = "60 per 5 minutes"


@bp.route("/openid/sign-in", methods=["GET", "POST"])
@entrance.wrong_limit()
def sign_in():
    """Let the owner of an account sign in at this provider."""
    pending, asked = answers.pending_request()
    allow_offsite_form_action()
    again = _whose_password_is_old(asked, pending)
    form = SignInForm(data={"username": again.username} if again else None)
    if form.validate_on_submit() and (account := entrance.authenticate(form, asked)):
        return second_step.after_password(account, pending)
    if request.method == "GET" and pending and entrance.is_halfway(asked):
        # The password was typed at the door.
        return redirect(url_for("second_step.code", request=pending.token))
    named = asked.identity if asked and not asked.idSelect() else None
    page = render_template(
        "provider/sign_in.html", form=form, pending=pending, named=named, again=again
    )
    return (page, 400) if form.errors else page


def _whose_password_is_old(
    asked: CheckIDRequest | None, pending: PendingRequest | None
) -> Account | None:
    """Return the account here that may answer once its password is typed again, or None."""
    account = sign_ins.current()
    if asked is None or pending is None or account is None or not answers.is_own(asked, account):
        return None
    return None if sign_ins.is_fresh(asked.max_age, pending.began) else account


@bp.route("/openid/join", methods=["GET", "POST"])
@limiter.limit(JOIN_FORM_LIMIT, methods=["POST"])
def join():
    """Make an account, and go on to the site that asked."""
    pending, asked = answers.pending_request()
    if current_app.config["PROVIDER"] == "closed":
        return render_template("provider/closed.html", pending=pending), 403
    allow_offsite_form_action()
    form = JoinForm()
    if not form.show.data and form.validate_on_submit():
        try:
            with limiter.limit(JOIN_LIMIT):
                account = Account.join(
                    form.username.data, form.password.data, form.email.data or None
                )
        except IntegrityError:
            form.username.errors = [form.TAKEN]
        else:
            return second_step.go_on(account, pending)
    home = asked is None or answers.is_home(asked)
    page = render_template(
        "provider/join.html",
        form=form,
        pending=pending,
        next=request.args.get("next"),
        home=home,
        **told(browser_session.invitation()),
    )
    return (page, 400) if form.errors else page


@bp.post("/openid/sign-out")
def sign_out():
    """Sign out of the provider in this browser; the microblog has its own way out."""
    sign_ins.sign_out()
    flash("You are signed out of your account.", "success")
    return redirect(url_for("provider.endpoint"))


@bp.route("/openid/password", methods=["GET", "POST"])
def password():
    """Change the password; whoever else is signed in to the account is out."""
    account = sign_ins.current()
    if account is None:
        return redirect(url_for("accounts.sign_in"))
    form = PasswordForm(account)
    if form.validate_on_submit() and is_owner(account, form.old_password, form.code):
        account.set_password(form.password.data, sign_ins.at_site())
        sign_ins.begin_anew(account, form.code is not None)
        letters.password_changed(account)
        flash("Your password is changed.", "success")
        return redirect(url_for("provider.endpoint"))
    page = render_template("provider/password.html", form=form, account=account)
    return (page, 400) if form.errors else page


@bp.route("/openid/delete", methods=["GET", "POST"])
def delete():
    """Ask once more, with the password, and delete the account; its username stays taken."""
    account = sign_ins.current()
    if account is None:
        return redirect(url_for("accounts.sign_in"))
    form = OwnerForm(account)
    is_last = endings.is_last_way_in(db.session(), account.identifier)
    if not is_last and form.validate_on_submit() and is_owner(account, form.password, form.code):
        if account.delete(sign_ins.at_site()):
            return _farewell()
        # The user's other OpenID went meanwhile.
        is_last = True
    page = render_template("provider/delete.html", form=form, account=account, is_last=is_last)
    return (page, 400) if request.method == "POST" else page


def _farewell() -> ResponseReturnValue:
    sign_ins.sign_out()
    # With the OpenID went what it began on this site, perhaps in this browser too.
    if current_user.is_authenticated and not CurrentUser.of_token(current_user.sign_in_token):
        browser_session.sign_out()
    flash("Your account is deleted.", "success")
    return redirect(url_for("provider.endpoint"))


@bp.post("/openid/consents/<int(max=2147483647):consent_id>/forget")
def delete_consent(consent_id: int):
    """Ask again the next time that this site wants to know who the visitor is."""
    account = sign_ins.current()
    own = provider.consents_of(current_user) if current_user.is_authenticated else []
    own += Consent.of([account.identifier]) if account else []
    Consent.delete([consent.id for consent in own if consent.id == consent_id])
    flash("That site will have to ask you again.", "success")
    return redirect(safe_next(request.form.get("next")))


@bp.get("/id/<username>")
def identity(username: str):
    """Show whose identity this is; machines find the provider that vouches for it."""
    account = Account.find(username) if nicknames.SHAPE.fullmatch(username) else None
    if account is None:
        abort(404)
    if username != account.username_key:
        return redirect(account.identifier, 301)
    if wants_xrds():
        return identity_document(account.identifier)
    page = render_template(
        "provider/identity.html",
        account=account,
        endpoint=endpoint_url(),
        user=User.of_identifier(account.identifier),
    )
    response = Response(page)
    response.vary.add("Accept")
    return response
