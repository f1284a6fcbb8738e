"""What our provider takes for a request (OpenID 2.0, 8, 9 and 11.4.2), and what it refuses."""

import json
import logging
from datetime import timedelta

from flask import Response
from openid import kvform
from openid.extensions import ax, pape, sreg
from openid.message import OPENID2_NS
from openid.server import server
from openid.server.trustroot import TrustRoot
from sqlalchemy.exc import SQLAlchemyError

from app.openid import addresses
from app.openid.autosubmit import MAX_ACTION
from app.openid.store import PROVIDER, DatabaseStore
from app.openid.xrds import endpoint_url
from app.provider.protocol.associations import Signatory

logger = logging.getLogger(__name__)

AX_URIS = {
    "email": ("http://axschema.org/contact/email", "http://schema.openid.net/contact/email"),
    "nickname": (
        "http://axschema.org/namePerson/friendly",
        "http://schema.openid.net/namePerson/friendly",
    ),
}
# In base64: some 2,400 bits, of which 1,024 is what relying parties use.
MAX_NUMBER = 400
# Of a visitor's request what is read, and kept while the visitor decides, takes at most so
# many bytes, as many as this site itself would ask with; a machine's holds a whole answer,
# and nothing of it is kept.
MAX_KEPT = MAX_ACTION
MAX_OF_A_MACHINE = 8192
READ = {"ns", "mode", "identity", "claimed_id", "return_to", "realm", "trust_root", "assoc_handle"}
EXTENSIONS = {sreg.ns_uri_1_0, sreg.ns_uri_1_1, ax.AXMessage.ns_uri, pape.ns_uri}
# In seconds: more than anybody waits, and no number too large for a timedelta.
MAX_AUTH_AGE = 10**9


def library() -> server.Server:
    """Return the library's provider, whose associations nobody keeps."""
    return server.Server(DatabaseStore(PROVIDER), endpoint_url(), signatoryClass=Signatory)


class BadRequest(Exception):
    """A message that breaks the protocol; `reply` answers a machine, None means a person asks."""

    def __init__(self, text: str, reply: Response | None = None):
        super().__init__(text)
        self.reply = reply


def decode(query: dict[str, str]):
    """Return the library's request for a message, or None when there is none in `query`.

    Raises BadRequest. The library would answer a broken message by a redirect to
    whatever address it names.
    """
    direct = query.get("openid.mode") in {"associate", "check_authentication"}
    try:
        query = _message_of_a_machine(query) if direct else _what_is_read(query)
        _check_numbers(query)
        request = library().decodeRequest(query)
        if isinstance(request, server.CheckIDRequest):
            _check_realm(request)
            request.kept = query
            request.wanted = _wanted(request)
            request.max_age = _max_age(request)
        return request
    except SQLAlchemyError:
        raise
    except Exception as error:  # The library's parsers raise much on crafted input.
        logger.info("OpenID request refused: %r", error)
        raise BadRequest(str(error), refusal() if direct else None) from error


def _message_of_a_machine(query: dict[str, str]) -> dict[str, str]:
    message = {name: value for name, value in query.items() if name.startswith("openid.")}
    if sum(len(name) + len(value) for name, value in message.items()) > MAX_OF_A_MACHINE:
        raise BadRequest("too long")
    return message


def _what_is_read(query: dict[str, str]) -> dict[str, str]:
    """Return the fields of a visitor's request that this provider looks at. Raises BadRequest."""
    message = {
        name.removeprefix("openid."): value
        for name, value in query.items()
        if name.startswith("openid.")
    }
    # OpenID 1 has SReg under this name without saying so.
    aliases = {"sreg"} | {
        name.removeprefix("ns.")
        for name, value in message.items()
        if name.startswith("ns.") and value in EXTENSIONS
    }
    kept = {
        f"openid.{name}": value
        for name, value in message.items()
        if name in READ or name.removeprefix("ns.").partition(".")[0] in aliases
    }
    if len(json.dumps(kept)) > MAX_KEPT:
        raise BadRequest("too long")
    return kept


def _check_numbers(query: dict[str, str]) -> None:
    # The time that a key exchange takes grows with the cube of these.
    for name in ("dh_modulus", "dh_gen", "dh_consumer_public"):
        if len(query.get(f"openid.{name}", "")) > MAX_NUMBER:
            raise BadRequest(f"{name} is too long")


def refusal() -> Response:
    """Return what tells a machine that its message is wrong (OpenID 2.0, section 5.1.2.2)."""
    fields = {"ns": OPENID2_NS, "error": "The message is malformed."}
    return plain(kvform.dictToKV(fields), 400)


def _wanted(request: server.CheckIDRequest) -> set[str]:
    """Return which of nickname and email are asked for, by either extension."""
    wanted = set(sreg.SRegRequest.fromOpenIDRequest(request).allRequestedFields())
    fetch = ax.FetchRequest.fromOpenIDRequest(request)
    uris = set(fetch.requested_attributes) if fetch else set()
    return wanted | {name for name, known in AX_URIS.items() if uris & set(known)}


def _max_age(request: server.CheckIDRequest) -> timedelta | None:
    """Return how old a sign-in may be (PAPE 1.0, max_auth_age); None when it may be any age."""
    policies = pape.Request.fromOpenIDRequest(request)
    request.asks_when = policies is not None
    if policies is None or policies.max_auth_age is None:
        return None
    return timedelta(seconds=min(max(policies.max_auth_age, 0), MAX_AUTH_AGE))


def _check_realm(request: server.CheckIDRequest) -> None:
    if not request.return_to:
        raise BadRequest("no return_to")
    if not request.identity:
        raise BadRequest("no identity")
    if TrustRoot.parse(request.trust_root).wildcard:
        raise BadRequest("wildcard realm")
    # Elsewhere here our own origin would be made to send what a link's author wrote.
    if addresses.leads_here(request.return_to, MAX_KEPT):
        if not addresses.is_sign_in_page(request.return_to):
            raise BadRequest("a return_to of this site that is not its sign-in page")
    # A delegating page abroad may claim one of our identities as its own, but nobody
    # may prove to own one identity here and have another one of ours read as theirs,
    # however it is spelt.
    claimed = request.claimed_id
    if claimed and claimed != request.identity and addresses.leads_here(claimed, MAX_KEPT):
        raise BadRequest("two identities")


def plain(body: str, status: int) -> Response:
    """Return a response that is plain text."""
    return Response(body, status, mimetype="text/plain")
