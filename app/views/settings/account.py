"""How a user gets in: their OpenIDs and signed-in browsers, and leaving for good."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy.exc import IntegrityError

from app import provider
from app.extensions import db
from app.failures.redaction import OwnWord
from app.forms import DeleteForm, EmailForm, OpenIDForm
from app.mail.letters import can_write_to_members
from app.models import ConfirmedEmail, CurrentUser, Identity, MailedLink, SignIn, SignInEnded
from app.models.names import IdentifierRefused
from app.openid import asked
from app.openid.asked import Asked
from app.openid.relying_party import PROBLEMS, SignInRefused, oid
from app.provider import sign_ins as account_sign_ins
from app.views.settings import letters, proofs
from app.views.settings.proofs import sensitive_limit
from app.web import browser_session
from app.web.headers import allow_offsite_form_action

bp = Blueprint("account", __name__, url_prefix="/settings")


@bp.get("/account")
@login_required
def index():
    """Show how the user gets in, and where letters to them go."""
    openid_form = OpenIDForm(formdata=None, openid=asked.typed("openid"))
    if problem := browser_session.take_problem():
        openid_form.openid.errors = [PROBLEMS[problem]]
    return page(openid_form=openid_form)


def page(openid_form: OpenIDForm | None = None, email_form: EmailForm | None = None) -> str:
    """Return the page of the account, with one of its forms as it was sent."""
    # Its changes may lead through a provider.
    allow_offsite_form_action()
    email = asked.typed("email") or g.user.email
    return render_template(
        "account/account.html",
        form=openid_form if openid_form and openid_form.errors else email_form,
        openid_form=openid_form or OpenIDForm(formdata=None),
        email_form=email_form or EmailForm(formdata=None, email=email),
        confirmed=ConfirmedEmail.of(g.user.id),
        waiting=MailedLink.waiting(g.user.id),
        gets_mail=can_write_to_members(),
        identities=db.session.scalars(g.user.identities.select().order_by(Identity.id)).all(),
        sign_ins=db.session.scalars(g.user.sign_ins.select().order_by(SignIn.id.desc())).all(),
        account=provider.account_of(g.user),
        consents=provider.consents_of(g.user),
    )


@bp.post("/account/openids")
@sensitive_limit
@login_required
def add():
    """Send the user to the provider of another OpenID, to prove that it is theirs."""
    form = OpenIDForm()
    typed, here = form.openid.data, url_for("account.index")
    if not form.validate():
        return page(openid_form=form), 400
    if proof := proofs.ask_unless_fresh(here, openid=typed):
        return proof
    try:
        return oid.try_login(typed, next_url=here, add_to=g.user.id, typed={"openid": typed})
    except SignInRefused as refused:
        current_app.logger.warning("OpenID not added: %s", OwnWord(refused.problem))
        form.openid.errors = [str(refused)]
        return page(openid_form=form), 400


def add_proven(identifier: str, expected: Asked):
    """Add an OpenID that was proven, if the user who asked for it is still the one here."""
    if not g.user.is_authenticated or g.user.id != expected.add_to:
        return oid.signal_error("elsewhere", expected)
    # The way there may have taken long, or somebody may have kept its end for later.
    if proof := proofs.ask_unless_fresh(url_for("account.index"), **expected.typed):
        return proof
    try:
        g.user.add_identity(identifier)
    except IntegrityError:
        return not_added("taken", expected)
    except IdentifierRefused:
        return not_added("removed", expected)
    except SignInEnded:
        return not_added("elsewhere", expected)
    current_app.logger.info("user %s added an OpenID", g.user.id)
    letters.openid_added(g.user, identifier)
    flash("You can sign in with your new OpenID from now on.", "success")
    return _back()


def not_added(problem: str, expected: Asked):
    """Show beside the field, in which it still stands, why an OpenID was not added."""
    asked.give_back(expected.typed)
    browser_session.set_problem(problem)
    return _back()


@bp.post("/account/openids/<int(max=2147483647):identity_id>/remove")
@sensitive_limit
@login_required
def delete_openid(identity_id: int):
    """Take one OpenID away from the user, but never the last, and end what it began."""
    if proof := proofs.ask_unless_fresh(url_for("account.index")):
        return proof
    token = g.user.sign_in_token
    if not g.user.delete_identity(identity_id):
        flash("Your last OpenID stays: without it you could not sign in.", "error")
        return _back()
    current_app.logger.info("user %s removed an OpenID", g.user.id)
    if CurrentUser.of_token(token) is None:
        sign_out()
        flash("That OpenID is removed, and with it your sign-in here.", "success")
        return redirect(url_for("auth.login"))
    flash("That OpenID is removed.", "success")
    return _back()


@bp.post("/account/sign-ins/end")
@bp.post("/account/sign-ins/<int(max=2147483647):sign_in_id>/end")
@sensitive_limit
@login_required
def sign_out_browsers(sign_in_id: int | None = None):
    """Sign the user out of one browser, or of all of them."""
    this_one = sign_in_id == g.user.sign_in.id
    if not this_one and (proof := proofs.ask_unless_fresh(url_for("account.index"))):
        return proof
    g.user.sign_out(sign_in_id)
    current_app.logger.info(
        "sign-out of user %s: %s",
        g.user.id,
        OwnWord("everywhere" if sign_in_id is None else "one browser"),
    )
    if not this_one and sign_in_id is not None:
        flash("That browser is signed out.", "success")
        return _back()
    sign_out()
    flash("You are signed out.", "success")
    return redirect(url_for("auth.login"))


@bp.route("/data/leave", methods=["GET", "POST"])
@sensitive_limit
@login_required
def delete():
    """Show what goes when the user leaves, ask once more, and delete what they chose."""
    allow_offsite_form_action()
    form = DeleteForm(g.user.nickname, data={"nickname": asked.typed("nickname")})
    account = provider.account_of(g.user)
    if form.validate_on_submit():
        what = request.form.get("what")
        if what in {"posts", "user"}:
            account = None
        # Who deletes an account has proved that very one: it may be used elsewhere too.
        proof = proofs.ask_unless_fresh(
            url_for("account.delete"),
            account and account.identifier,
            nickname=form.nickname.data,
        )
        if proof:
            return proof
        return _delete_posts() if what == "posts" else _leave(account)
    page = render_template("account/delete.html", form=form, account=account)
    return (page, 400) if form.errors else page


def _delete_posts():
    current_app.logger.info("user %s deletes all posts", g.user.id)
    g.user.delete_posts()
    flash("All that you wrote is deleted.", "success")
    return redirect(url_for("profiles.user", nickname=g.user.nickname))


def _leave(account):
    current_app.logger.info("user %s leaves for good", g.user.id)
    if account:
        account.delete_with(g.user)
        flashed = "You, all that you wrote and your account are deleted. Farewell!"
    else:
        g.user.delete()
        flashed = "You and all that you wrote are deleted. Farewell!"
    sign_out()
    flash(flashed, "success")
    return redirect(url_for("auth.login"))


def sign_out() -> None:
    """Leave nothing in this browser, nor at our own provider, that signs anybody in again."""
    account_sign_ins.sign_out()
    browser_session.sign_out()


def _back():
    return redirect(url_for("account.index"))
