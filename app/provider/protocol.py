"""The provider's side of OpenID: python3-openid's server, without its rough edges."""

import logging
import secrets
from contextlib import contextmanager

import flask
from flask import Response, abort, redirect
from openid import cryptutil, kvform
from openid.association import Association, getSecretSize
from openid.extensions import ax, sreg
from openid.message import OPENID2_NS, OPENID_NS
from openid.server import server
from openid.server.trustroot import TrustRoot
from sqlalchemy.exc import SQLAlchemyError

from app.autosubmit import LONGEST_URL, self_posting_page
from app.database import release
from app.openid import fetcher
from app.openid.discovery import endpoint_url
from app.openid.store import PROVIDER, DatabaseStore
from app.origin import own_url
from app.provider.models import Account, PendingRequest

logger = logging.getLogger(__name__)

AX_URIS = {
    "email": ("http://axschema.org/contact/email", "http://schema.openid.net/contact/email"),
    "nickname": (
        "http://axschema.org/namePerson/friendly",
        "http://schema.openid.net/namePerson/friendly",
    ),
}
# In base64: some 2,400 bits, of which 1,024 is what relying parties use.
LONGEST_NUMBER = 400
# Seconds that an answer to a stateless relying party may wait to be checked.
STATELESS_LIFETIME = 60 * 60


class BadRequest(Exception):
    """A message that breaks the protocol; `reply` answers a machine, None means a person asks."""

    def __init__(self, text: str, reply: Response | None = None):
        super().__init__(text)
        self.reply = reply


class Signatory(server.Signatory):
    """Makes associations whose handles are plain text; the library's hold Python's b'…'."""

    def createAssociation(self, dumb=True, assoc_type="HMAC-SHA1"):
        secret = cryptutil.getBytes(getSecretSize(assoc_type))
        lifetime = STATELESS_LIFETIME if dumb else self.SECRET_LIFETIME
        association = Association.fromExpiresIn(
            lifetime, secrets.token_urlsafe(12), secret, assoc_type
        )
        key = self._dumb_key if dumb else self._normal_key
        self.store.storeAssociation(key, association)
        return association


def _server() -> server.Server:
    return server.Server(DatabaseStore(PROVIDER), endpoint_url(), signatoryClass=Signatory)


def decode(query: dict[str, str]):
    """Give the library's request for a message, or None when there is none in `query`.

    Raises BadRequest. The library would answer a broken message by a redirect to
    whatever address it names.
    """
    direct = query.get("openid.mode") in {"associate", "check_authentication"}
    try:
        _check_numbers(query)
        request = _server().decodeRequest(query)
        if isinstance(request, server.CheckIDRequest):
            _check_realm(request)
            request.wanted = _wanted(request)
        return request
    except SQLAlchemyError:
        raise
    except Exception as error:  # The library's parsers raise much on crafted input.
        logger.info("OpenID request refused: %r", error)
        raise BadRequest(str(error), _refusal() if direct else None) from error


def _check_numbers(query: dict[str, str]) -> None:
    # The time that a key exchange takes grows with the cube of these.
    for name in ("dh_modulus", "dh_gen", "dh_consumer_public"):
        if len(query.get(f"openid.{name}", "")) > LONGEST_NUMBER:
            raise BadRequest(f"{name} is too long")


def _refusal() -> Response:
    """Tell a machine that its message is wrong (OpenID 2.0, section 5.1.2.2)."""
    fields = {"ns": OPENID2_NS, "error": "The message is malformed."}
    return _plain(kvform.dictToKV(fields), 400)


def _wanted(request: server.CheckIDRequest) -> set[str]:
    """Give which of nickname and email are asked for, by either extension."""
    wanted = set(sreg.SRegRequest.fromOpenIDRequest(request).allRequestedFields())
    fetch = ax.FetchRequest.fromOpenIDRequest(request)
    uris = set(fetch.requested_attributes) if fetch else set()
    return wanted | {name for name, known in AX_URIS.items() if uris & set(known)}


def _check_realm(request: server.CheckIDRequest) -> None:
    if not request.return_to:
        raise BadRequest("no return_to")
    if not request.identity:
        raise BadRequest("no identity")
    if TrustRoot.parse(request.trust_root).wildcard:
        raise BadRequest("wildcard realm")
    # A delegating page abroad may claim one of our identities as its own, but nobody
    # may prove to own one identity here and have another one of ours read as theirs.
    claimed = request.claimed_id or ""
    if claimed != request.identity and claimed.startswith(own_url("/id/")):
        raise BadRequest("two identities")


def answer_machine(request) -> Response:
    """Answer an `associate` or `check_authentication` request (OpenID 2.0, 8 and 11.4.2)."""
    try:
        response = _server().handleRequest(request)
        # A refused association is an error, and errors have status 400 (5.1.2.2).
        refused = response.fields.getArg(OPENID_NS, "error_code") is not None
        return _plain(response.encodeToKVForm(), 400 if refused else 200)
    except SQLAlchemyError:
        raise
    except Exception as error:  # A line break in a handle, and whatever else has no form.
        logger.info("OpenID request refused: %r", error)
        raise BadRequest("cannot be answered", _refusal()) from error


def pending_request() -> tuple[PendingRequest | None, server.CheckIDRequest | None]:
    """Give the request that this page's address names; both None when it names none.

    One that has been answered or is too old is a 410.
    """
    token = flask.request.args.get("request")
    if not token:
        return None, None
    pending = PendingRequest.find(token)
    if pending is None:
        abort(410)
    return pending, decode(pending.message)


def returns_home(request: server.CheckIDRequest) -> bool:
    """Ask the realm whether it sends its visitors to this return_to (OpenID 2.0, 9.2.1)."""
    release()
    with fetcher.step():
        try:
            return request.returnToVerified()
        except SQLAlchemyError:
            raise
        except Exception as error:  # It is not there, slow, or talks nonsense.
            logger.info("return_to of %r not verified: %r", request.trust_root, error)
            return False


def is_own(request: server.CheckIDRequest, account: Account) -> bool:
    """Tell whether `account` may answer: the request names its identity, or none."""
    return request.idSelect() or request.identity == account.identifier


def shared(request: server.CheckIDRequest, account: Account) -> dict[str, str]:
    """Give what a positive answer would tell beside the identity: what is asked for and known."""
    known = {"nickname": account.username, "email": account.email}
    return {name: value for name, value in known.items() if value and name in request.wanted}


def approve(request: server.CheckIDRequest, account: Account) -> Response | str:
    """Send the visitor back with the proof that `account` is theirs."""
    details = shared(request, account)
    with _answerable():
        response = request.answer(True, identity=account.identifier)
        simple = sreg.SRegRequest.fromOpenIDRequest(request)
        response.addExtension(sreg.SRegResponse.extractResponse(simple, details))
        # Whoever asks in both ways may read either; this site reads the first, and its
        # answer stays short enough for an address.
        if request.trust_root != own_url("/"):
            _add_attributes(response, request, details)
        return _send_back(response)


def refuse(request: server.CheckIDRequest) -> Response | str:
    """Send the visitor back without a proof: cancelled, or setup needed in immediate mode."""
    with _answerable():
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


def _send_back(response) -> Response | str:
    if response.needsSigning():
        response = _server().signatory.sign(response)
    url = response.encodeToURL()
    if len(url) <= LONGEST_URL or response.fields.getOpenIDNamespace() != OPENID2_NS:
        return redirect(url)
    return self_posting_page(response.request.return_to, response.fields.toPostArgs())


def _plain(body: str, status: int) -> Response:
    return Response(body, status, mimetype="text/plain")
