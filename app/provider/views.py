"""The pages of our own provider: the endpoint, joining, signing in, consent, identities."""

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from openid.server.server import CheckIDRequest
from sqlalchemy.exc import IntegrityError

from app import nicknames, origin
from app.extensions import csrf, limiter
from app.headers import let_form_leave
from app.openid.discovery import (
    endpoint_url,
    identity_document,
    provider_document,
    wants_xrds,
)
from app.provider import protocol, sign_ins
from app.provider.forms import JoinForm, SignInForm
from app.provider.models import Account, PendingRequest

bp = Blueprint("provider", __name__, template_folder="templates")

SIGN_IN_LIMIT = "25 per 5 minutes"
JOIN_LIMIT = "10 per hour"


@bp.errorhandler(protocol.BadRequest)
def bad_request(error: protocol.BadRequest):
    """Say that another site's request makes no sense; never send the visitor on with it."""
    return error.reply or (render_template("provider/bad_request.html"), 400)


@bp.route("/openid", methods=["GET", "POST"])
@csrf.exempt
def endpoint():
    """Answer relying parties, and begin the visit of those whom they send here."""
    query = request.args.to_dict() | request.form.to_dict()
    asked = protocol.decode(query)
    if asked is None:
        return provider_document() if wants_xrds() else _front_page()
    if not isinstance(asked, CheckIDRequest):
        return protocol.answer_machine(asked)
    if request.method == "POST":
        # Sent by another site's page, so the browser kept our cookies to itself:
        # the visitor's next step is a GET, which carries them.
        return redirect(url_for("provider.consent", request=PendingRequest.keep(query)), 303)
    return _answer_if_clear(asked) or _ask(PendingRequest.keep(query))


def _front_page() -> Response:
    response = Response(render_template("provider/front.html", account=sign_ins.current()))
    response.headers["X-XRDS-Location"] = endpoint_url()
    response.vary.add("Accept")
    return response


def _answer_if_clear(asked: CheckIDRequest) -> Response | str | None:
    """Give the answer that needs no question, or None when the visitor has to be asked."""
    account = sign_ins.current()
    # This site itself is never a stranger to its own accounts.
    if account and protocol.is_own(asked, account) and asked.trust_root == origin.own_url("/"):
        return protocol.approve(asked, account)
    return protocol.refuse(asked) if asked.immediate else None


def _ask(token: str) -> Response:
    page = "provider.consent" if sign_ins.current() else "provider.sign_in"
    return redirect(url_for(page, request=token))


def _asked() -> tuple[CheckIDRequest | None, str | None]:
    """Give the pending request that the address names, and its token; both None without one."""
    token = request.args.get("request")
    if token is None:
        return None, None
    query = PendingRequest.find(token)
    if query is None:
        abort(410)
    return protocol.decode(query), token


@bp.route("/openid/consent", methods=["GET", "POST"])
def consent():
    """Ask whether the site that sent the visitor may know who they are."""
    asked, token = _asked()
    if asked is None:
        return redirect(url_for("provider.endpoint"))
    account = sign_ins.current()
    if request.method == "POST" and "deny" in request.form:
        PendingRequest.drop(token)
        return protocol.refuse(asked)
    if account is None or not protocol.is_own(asked, account):
        if asked.immediate:
            return protocol.refuse(asked)
        return redirect(url_for("provider.sign_in", request=token))
    if request.method == "POST" and "allow" in request.form:
        PendingRequest.drop(token)
        return protocol.approve(asked, account)
    if answer := _answer_if_clear(asked):
        PendingRequest.drop(token)
        return answer
    let_form_leave()
    shared = protocol.shared(asked, account)
    return render_template(
        "provider/consent.html", asked=asked, token=token, account=account, shared=shared
    )


@bp.route("/openid/sign-in", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
def sign_in():
    """Let the owner of an account sign in at this provider."""
    asked, token = _asked()
    let_form_leave()
    form = SignInForm()
    if form.validate_on_submit():
        account = Account.check(form.username.data, form.password.data)
        if account and (asked is None or protocol.is_own(asked, account)):
            return _signed_in(account, token)
        form.refuse()
    named = asked.identity if asked and not asked.idSelect() else None
    page = render_template(
        "provider/sign_in.html", form=form, token=token, asked=asked, named=named
    )
    return (page, 400) if form.errors else page


@bp.route("/openid/join", methods=["GET", "POST"])
@limiter.limit(JOIN_LIMIT, methods=["POST"])
def join():
    """Make an account, and go on to the site that asked."""
    asked, token = _asked()
    if current_app.config["PROVIDER"] == "closed":
        return render_template("provider/closed.html", token=token), 403
    let_form_leave()
    form = JoinForm()
    if form.validate_on_submit():
        try:
            account = Account.join(form.username.data, form.password.data, form.email.data or None)
        except IntegrityError:
            form.username.errors = [form.TAKEN]
        else:
            return _signed_in(account, token)
    page = render_template("provider/join.html", form=form, token=token, asked=asked)
    return (page, 400) if form.errors else page


def _signed_in(account: Account, token: str | None) -> Response:
    sign_ins.begin(account)
    if token is None:
        return redirect(url_for("provider.endpoint"))
    return redirect(url_for("provider.consent", request=token))


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
    page = render_template("provider/identity.html", account=account, endpoint=endpoint_url())
    response = Response(page)
    response.vary.add("Accept")
    return response
