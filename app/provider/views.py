"""The provider as other sites meet it: the endpoint, and asking the visitor for consent."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from openid.server.server import CheckIDRequest

from app import origin
from app.extensions import csrf, limiter
from app.headers import let_form_leave
from app.openid.discovery import point_at, provider_document, wants_xrds
from app.provider import protocol, sign_ins
from app.provider.models import Account, Consent, PendingRequest

bp = Blueprint("provider", __name__, template_folder="templates")

# Machines come from few addresses, and each stands for many visitors.
ENDPOINT_LIMIT = "600 per 5 minutes"
CONSENT_LIMIT = "60 per 5 minutes"


@bp.app_errorhandler(protocol.BadRequest)
def bad_request(error: protocol.BadRequest):
    """Say that another site's request makes no sense; never send the visitor on with it."""
    return error.reply or (render_template("provider/bad_request.html"), 400)


@bp.route("/openid", methods=["GET", "POST"])
@csrf.exempt
@limiter.limit(ENDPOINT_LIMIT)
def endpoint():
    """Answer relying parties, and begin the visit of those whom they send here."""
    message = request.args.to_dict() | request.form.to_dict()
    asked = protocol.decode(message)
    if asked is None:
        return provider_document() if wants_xrds() else _front_page()
    if not isinstance(asked, CheckIDRequest):
        return protocol.answer_machine(asked)
    if request.method == "POST":
        # Sent by another site's page, so the browser kept our cookies to itself:
        # the visitor's next step is a GET, which carries them.
        return redirect(url_for("provider.consent", request=PendingRequest.keep(message)), 303)
    if answer := _answer_without_asking(asked):
        return answer
    page = "provider.consent" if sign_ins.current() else "accounts.sign_in"
    return redirect(url_for(page, request=PendingRequest.keep(message)))


def _front_page() -> Response:
    page = render_template("provider/front.html", account=sign_ins.current())
    return point_at(Response(page), "provider.document")


@bp.get("/openid/xrds")
def document():
    """Describe the provider to machines."""
    return provider_document()


def _answer_without_asking(asked: CheckIDRequest) -> Response | str | None:
    """Give the answer that needs no question, or None when the visitor has to be asked."""
    account = sign_ins.current()
    if account and protocol.is_own(asked, account) and _may_know(asked, account):
        return protocol.approve(asked, account)
    return protocol.refuse(asked) if asked.immediate else None


def _may_know(asked: CheckIDRequest, account: Account) -> bool:
    # This site itself is no stranger to its own accounts.
    return asked.trust_root == origin.own_url("/") or Consent.is_given(account, asked.trust_root)


@bp.route("/openid/consent", methods=["GET", "POST"])
@limiter.limit(CONSENT_LIMIT)
def consent():
    """Ask whether the site that sent the visitor may know who they are."""
    pending, asked = protocol.pending_request()
    if pending is None:
        return redirect(url_for("provider.endpoint"))
    account = sign_ins.current()
    if request.method == "POST" and "deny" in request.form:
        pending.drop()
        return protocol.refuse(asked)
    if answer := _answer_without_asking(asked):
        pending.drop()
        return answer
    if account is None or not protocol.is_own(asked, account):
        return redirect(url_for("accounts.sign_in", request=pending.token))
    if request.method == "POST" and "allow" in request.form:
        if "remember" in request.form:
            Consent.remember(account, asked.trust_root)
        pending.drop()
        current_app.logger.info("account %s told %r who it is", account.id, asked.trust_root)
        return protocol.approve(asked, account)
    if pending.verified is None:
        pending.note_verified(protocol.returns_home(asked))
    let_form_leave()
    return render_template(
        "provider/consent.html",
        asked=asked,
        pending=pending,
        account=account,
        shared=protocol.shared(asked, account),
    )
