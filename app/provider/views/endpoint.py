"""The provider as other sites meet it: the endpoint, and asking the visitor for consent."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from openid.server.server import CheckIDRequest

from app.extensions import csrf, limiter, visitor_address
from app.openid.fetcher import is_own_request
from app.openid.xrds import advertise_xrds, provider_document, wants_xrds
from app.provider import sign_ins
from app.provider.models import Account, Consent
from app.provider.protocol import answers, messages
from app.provider.protocol.requests import PendingRequest
from app.web.headers import allow_offsite_form_action

bp = Blueprint("provider", __name__, template_folder="../templates")

# Machines come from few addresses, and each stands for many visitors.
ENDPOINT_LIMIT = "600 per 5 minutes"
CONSENT_LIMIT = "60 per 5 minutes"


def account_key() -> str:
    """Return what consents are counted for: an account, or the address of who has none."""
    account = sign_ins.current()
    return f"account {account.id}" if account else visitor_address()


@bp.app_errorhandler(messages.BadRequest)
def bad_request(error: messages.BadRequest):
    """Show that another site's request makes no sense; never send the visitor on with it."""
    return error.reply or (render_template("provider/bad_request.html"), 400)


@bp.route("/openid", methods=["GET", "POST"])
@csrf.exempt
@limiter.limit(ENDPOINT_LIMIT, exempt_when=is_own_request)
def endpoint():
    """Answer relying parties, and begin the visit of those whom they send here."""
    message = request.args.to_dict() | request.form.to_dict()
    asked = messages.decode(message)
    if asked is None:
        return provider_document() if wants_xrds() else _front_page()
    if not isinstance(asked, CheckIDRequest):
        return answers.answer_machine(asked)
    if request.method == "POST":
        # Sent by another site's page, so the browser kept our cookies to itself:
        # the visitor's next step is a GET, which carries them.
        return redirect(url_for("provider.consent", request=_keep(asked)), 303)
    if answer := _answer_without_asking(asked):
        return answer
    page = "provider.consent" if _may_answer(asked) else "accounts.sign_in"
    return redirect(url_for(page, request=_keep(asked)))


def _keep(asked: CheckIDRequest) -> str:
    return PendingRequest.keep(asked.kept, visitor_address())


def _front_page() -> Response:
    account = sign_ins.current()
    consents = Consent.of([account.identifier]) if account else []
    page = render_template("provider/front.html", account=account, consents=consents)
    return advertise_xrds(Response(page), "provider.document")


@bp.get("/openid/xrds")
def document():
    """Describe the provider to machines."""
    return provider_document()


def _may_answer(asked: CheckIDRequest, pending: PendingRequest | None = None) -> bool:
    """Return whether the account asked for is signed in here, and as lately as it has to be."""
    account = sign_ins.current()
    return (
        account is not None
        and answers.is_own(asked, account)
        and sign_ins.is_fresh(asked.max_age, pending.began if pending else None)
    )


def _answer_without_asking(
    asked: CheckIDRequest, pending: PendingRequest | None = None
) -> ResponseReturnValue | None:
    """Return the answer that needs no question, or None when the visitor has to be asked."""
    account, began = sign_ins.current(), sign_ins.began()
    if account and began and _may_answer(asked, pending) and _may_know(asked, account):
        return answers.approve(asked, account, began, sign_ins.with_code())
    return answers.refuse(asked) if asked.immediate else None


def _may_know(asked: CheckIDRequest, account: Account) -> bool:
    return answers.is_home(asked) or Consent.is_given(account, asked.trust_root)


@bp.route("/openid/consent", methods=["GET", "POST"])
@limiter.limit(CONSENT_LIMIT, key_func=account_key)
def consent():
    """Ask whether the site that sent the visitor may know who they are."""
    pending, asked = answers.pending_request()
    if pending is None:
        return redirect(url_for("provider.endpoint"))
    if request.method == "POST" and "deny" in request.form:
        pending.delete()
        return answers.refuse(asked)
    if answer := _answer_without_asking(asked, pending):
        pending.delete()
        return answer
    if not _may_answer(asked, pending):
        return redirect(url_for("accounts.sign_in", request=pending.token))
    account, began = sign_ins.current(), sign_ins.began()
    if request.method == "POST" and "allow" in request.form:
        if "remember" in request.form:
            Consent.remember(account, asked.trust_root)
        pending.delete()
        current_app.logger.info("account %s told %r who it is", account.id, asked.trust_root)
        return answers.approve(asked, account, began, sign_ins.with_code())
    if pending.verified is None and (verified := answers.returns_home(asked)) is not None:
        pending.note_verified(verified)
    allow_offsite_form_action()
    return render_template(
        "provider/consent.html",
        asked=asked,
        pending=pending,
        account=account,
        shared=answers.shared(asked, account),
    )
