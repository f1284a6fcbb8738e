"""The provider's side of OpenID: python3-openid's server, without its rough edges."""

import logging
from contextlib import contextmanager
from datetime import UTC, datetime

import flask
from flask import Response, abort, redirect
from flask.typing import ResponseReturnValue
from openid.extensions import ax, pape, sreg
from openid.message import OPENID2_NS, OPENID_NS
from openid.server import server
from sqlalchemy.exc import SQLAlchemyError

from app.database import end_transaction
from app.openid import fetcher
from app.openid.autosubmit import MAX_REDIRECT_URL, self_posting_page
from app.provider.models import Account
from app.provider.protocol import messages
from app.provider.protocol.messages import AX_URIS, BadRequest
from app.provider.protocol.requests import PendingRequest
from app.web.origin import own_url

logger = logging.getLogger(__name__)


def answer_machine(request) -> Response:
    """Return the answer to `associate` or `check_authentication` (OpenID 2.0, 8 and 11.4.2).

    Raises BadRequest.
    """
    try:
        response = messages.library().handleRequest(request)
        # A refused association is an error, and errors have status 400 (5.1.2.2).
        refused = response.fields.getArg(OPENID_NS, "error_code") is not None
        return messages.plain(response.encodeToKVForm(), 400 if refused else 200)
    except SQLAlchemyError:
        raise
    except Exception as error:  # A line break in a handle, and whatever else has no form.
        logger.info("OpenID request refused: %r", error)
        raise BadRequest("cannot be answered", messages.refusal()) from error


def pending_request() -> tuple[PendingRequest | None, server.CheckIDRequest | None]:
    """Return the request that this page's address names; both None when it names none.

    One that has been answered or is too old is a 410.
    """
    token = flask.request.args.get("request")
    if not token:
        return None, None
    pending = PendingRequest.find(token)
    if pending is None:
        abort(410)
    return pending, messages.decode(pending.message)


def returns_home(request: server.CheckIDRequest) -> bool | None:
    """Return whether the realm says that its visitors return to this return_to (OpenID 2.0, 9.2.1).

    None when it could not be asked just now.
    """
    end_transaction()
    with fetcher.step() as step:
        try:
            verified = request.returnToVerified()
        except SQLAlchemyError:
            raise
        except Exception as error:  # It is not there, slow, or talks nonsense.
            logger.info("return_to of %r not verified: %r", request.trust_root, error)
            verified = False
    return None if isinstance(step.failure, fetcher.FetchBusy) else verified


def is_own(request: server.CheckIDRequest, account: Account) -> bool:
    """Return whether `account` may answer: the request names its identity, or none."""
    return request.idSelect() or request.identity == account.identifier


def shared(request: server.CheckIDRequest, account: Account) -> dict[str, str]:
    """Return what a positive answer tells beside the identity: what is asked for and known."""
    known = {"nickname": account.username, "email": account.email}
    return {name: value for name, value in known.items() if value and name in request.wanted}


def is_home(request: server.CheckIDRequest) -> bool:
    """Return whether it is this site itself that asks, which is no stranger to its accounts."""
    return request.trust_root == own_url("/")


def approve(
    request: server.CheckIDRequest, account: Account, began: datetime, with_code: bool
) -> ResponseReturnValue:
    """Return what sends the visitor back with the proof that `account` is theirs.

    `began` is when its password was typed, and `with_code` whether a second factor was asked
    for, too. Raises BadRequest.
    """
    details = shared(request, account)
    with _answerable():
        response = request.answer(True, identity=account.identifier)
        simple = sreg.SRegRequest.fromOpenIDRequest(request)
        response.addExtension(sreg.SRegResponse.extractResponse(simple, details))
        # Whoever asks in both ways may read either; this site reads the first, and its
        # answer stays short enough for an address.
        if not is_home(request):
            _add_attributes(response, request, details)
        if request.asks_when:
            # A password alone fulfils no policy that has a name (PAPE 1.0, section 4).
            policies = [pape.AUTH_MULTI_FACTOR] if with_code else []
            moment = began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            response.addExtension(pape.Response(policies, moment))
        return _send_back(messages.library().signatory.sign(response))


def refuse(request: server.CheckIDRequest) -> ResponseReturnValue:
    """Return what sends the visitor back without a proof: cancelled, or setup needed if immediate.

    Raises BadRequest.
    """
    with _answerable():
        # The library would sign it in OpenID 1, where it is an assertion about nobody.
        return _send_back(request.answer(False))


@contextmanager
def _answerable():
    """Turn what the library raises while it answers into BadRequest."""
    try:
        yield
    except SQLAlchemyError:
        raise
    except Exception as error:  # A line break in a field, and whatever else cannot be signed.
        raise BadRequest("cannot be answered") from error


def _add_attributes(response, request: server.CheckIDRequest, details: dict[str, str]) -> None:
    fetch = ax.FetchRequest.fromOpenIDRequest(request)
    if fetch is None:
        return
    answer = ax.FetchResponse(request=fetch)
    for name, uris in AX_URIS.items():
        for uri in uris:
            if name in details and uri in fetch.requested_attributes:
                answer.addValue(uri, details[name])
    response.addExtension(answer)


def _send_back(response) -> ResponseReturnValue:
    url = response.encodeToURL()
    if len(url) <= MAX_REDIRECT_URL or response.fields.getOpenIDNamespace() != OPENID2_NS:
        return redirect(url)
    return self_posting_page(response.request.return_to, response.fields.toPostArgs())
