"""Another OpenID provider, on a port of its own: honest, or as hostile as a test wants it.

`SecondProvider` is a context manager; `origin` is its address and `requests` what it was
asked. Its behaviour is a handful of plain attributes, listed in `reset`, that a test sets
whenever it likes. `SecondProviderCase` is a TestCase whose application may fetch from it.
"""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from openid.association import SessionNegotiator
from openid.consumer.discover import OPENID_1_1_TYPE, OPENID_2_0_TYPE, OPENID_IDP_2_0_TYPE
from openid.extensions import ax, sreg
from openid.message import OPENID_NS
from openid.server import server
from openid.store.memstore import MemoryStore
from openid.yadis.constants import YADIS_CONTENT_TYPE

from app.tests.support.browser import Page
from app.tests.support.openid.hostile import FOR_EVER
from app.tests.support.openid.messages import changed, form, sign

AX_URIS = {
    "nickname": "http://axschema.org/namePerson/friendly",
    "email": "http://axschema.org/contact/email",
}
# Real providers have the page post itself; without scripts there is the button.
CONTINUE = "<button>Continue</button><script>document.forms[0].submit()</script>"
SHA1 = ("HMAC-SHA1", "DH-SHA1")
SHA256 = ("HMAC-SHA256", "DH-SHA256")


class Asked(NamedTuple):
    """A request as it arrived; `fields` are its parameters, wherever they stood."""

    method: str
    path: str
    fields: dict[str, str]


class Reply(NamedTuple):
    """What the provider gives back for a request."""

    body: str
    headers: dict[str, str] = {}
    status: int = 200
    content_type: str = "text/html; charset=utf-8"


class Answer(NamedTuple):
    """Where the provider sends a browser: with `fields` by a form, otherwise by a redirect."""

    url: str
    fields: dict[str, str]


class SecondProvider:
    """The provider, running between `with` and the end of its block.

    /                       the OP identifier: it says itself who is signed in
    /id/NAME                an identity, found by links in HTML and by XRDS
    /html/NAME              one found by the links alone
    /yadis/NAME             one found by XRDS alone
    /old/NAME               one of OpenID 1.1
    /redirecting/NAME       a redirect to /id/NAME
    /delegating             a page of somebody who uses /id/delegate
    Everything else         what stands in `pages` under its path, or a 404
    """

    def __init__(self):
        self._awake = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Forget everything and be honest again."""
        self.requests: list[Asked] = []
        self.nickname: str | None = "susan"
        self.email: str | None = "susan@elsewhere.example"
        # The extensions in which it tells them.
        self.extensions = {"sreg", "ax"}
        # The identity with which it answers those who leave the choice to it.
        self.chosen = "/id/susan"
        # "allow" or "cancel"; an interactive one shows a page with these two buttons.
        self.decision = "allow"
        self.interactive = False
        # Kinds of association it agrees to; without any, every answer has to be checked with it.
        self.associations = [SHA256, SHA1]
        # Send the browser back by a form, as for an answer too long for an address.
        self.by_form = False
        # Fields of the answer, changed before or after it is signed; None removes one.
        self.lies: dict[str, str | None] = {}
        self.forgeries: dict[str, str | None] = {}
        # Call every answer valid that it is asked to check.
        self.vouches = False
        self.pages: dict[str, Reply] = {}
        # Paths that take the request and say nothing.
        self.silent: set[str] = set()
        self._awake.set()
        self._awake = threading.Event()
        self._store = MemoryStore()

    def start(self) -> "SecondProvider":
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        # It asks for the end this often, and a test should not wait for it to look.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def stop(self) -> None:
        self._awake.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self) -> str:
        return self.origin + "/endpoint"

    def visit(self, url: str, fields: dict[str, str] | None = None) -> Answer:
        """Open one of its pages as a browser sent here would, and tell where that leads."""
        assert url.startswith(self.origin + "/"), url
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FOR_EVER)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        try:
            connection.request(
                "POST" if fields else "GET",
                url.removeprefix(self.origin),
                urlencode(fields) if fields else None,
                headers,
            )
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status == 302:
            return Answer(response.headers["Location"], {})
        form = Page(text).forms[0]
        return Answer(form.action, form.fields)

    def answer(self, asked: Asked) -> Reply:
        """Return the reply to any request."""
        path = urlsplit(asked.path).path
        if path in self.silent:
            self._awake.wait(FOR_EVER)
        if path in self.pages:
            return self.pages[path]
        if path == "/endpoint":
            return self._protocol(asked.fields)
        return self._discovery(path)

    # Discovery

    def xrds(self, types: list[str], local_id: str = "") -> str:
        local = f"<LocalID>{local_id}</LocalID>" if local_id else ""
        named = "".join(f"<Type>{uri}</Type>" for uri in types)
        return (
            '<?xml version="1.0"?><xrds:XRDS xmlns:xrds="xri://$xrds" '
            'xmlns="xri://$xrd*($v*2.0)"><XRD><Service>'
            f"{named}<URI>{self.endpoint}</URI>{local}</Service></XRD></xrds:XRDS>"
        )

    def links(self, local_id: str = "", version: int = 2) -> str:
        provider, local = {2: ("openid2.provider", "openid2.local_id")}.get(
            version, ("openid.server", "openid.delegate")
        )
        delegate = f'\n<link rel="{local}" href="{local_id}">' if local_id else ""
        return (
            "<!doctype html>\n<html><head><title>Me</title>\n"
            f'<link rel="{provider}" href="{self.endpoint}">{delegate}\n</head><body></body></html>'
        )

    def _discovery(self, path: str) -> Reply:
        types = [OPENID_2_0_TYPE, OPENID_1_1_TYPE]
        match path.split("/")[1:]:
            case [""]:
                return Reply(self.xrds([OPENID_IDP_2_0_TYPE]), content_type=YADIS_CONTENT_TYPE)
            case ["id", name]:
                return Reply(self.links(), {"X-XRDS-Location": f"{self.origin}/xrds/{name}"})
            case ["xrds" | "yadis", _]:
                return Reply(self.xrds(types), content_type=YADIS_CONTENT_TYPE)
            case ["html", _]:
                return Reply(self.links())
            case ["old", _]:
                return Reply(self.links(version=1))
            case ["redirecting", name]:
                return Reply("", {"Location": f"{self.origin}/id/{name}"}, 302)
            case ["delegating"]:
                return Reply(self.links(self.origin + "/id/delegate"))
        return Reply("There is no such page.", status=404)

    # The protocol

    def _protocol(self, fields: dict[str, str]) -> Reply:
        library = server.Server(self._store, self.endpoint)
        library.negotiator = SessionNegotiator(self.associations)
        decision = fields.pop("decision", None if self.interactive else self.decision)
        request = library.decodeRequest(fields)
        if isinstance(request, server.CheckIDRequest):
            return self._decide(library, request, decision) if decision else _question(fields)
        try:
            response = library.handleRequest(request)
        except server.ProtocolError as error:
            # OpenID 1.1 has no word for a kind of association that is not supported.
            return Reply(error.encodeToKVForm().decode(), {}, 400, "text/plain")
        if request.mode == "check_authentication" and self.vouches:
            response.fields.setArg(OPENID_NS, "is_valid", "true")
        refused = response.fields.getArg(OPENID_NS, "error_code") is not None
        return Reply(response.encodeToKVForm().decode(), {}, 400 if refused else 200, "text/plain")

    def _decide(self, library, request, decision: str) -> Reply:
        if decision != "allow":
            return self._send_back(request, request.answer(False).fields.toPostArgs())
        chosen = self.origin + self.chosen if request.idSelect() else None
        response = request.answer(
            True, identity=chosen and urldefrag(chosen).url, claimed_id=chosen
        )
        known = {"nickname": self.nickname, "email": self.email}
        told = {name: value for name, value in known.items() if value is not None}
        if "sreg" in self.extensions:
            asked = sreg.SRegRequest.fromOpenIDRequest(request)
            response.addExtension(sreg.SRegResponse.extractResponse(asked, told))
        if "ax" in self.extensions:
            attributes = ax.FetchResponse()
            for name, value in told.items():
                attributes.addValue(AX_URIS[name], value)
            response.addExtension(attributes)
        answer = changed(response.fields.toPostArgs(), self.lies)
        handle, signatory = request.assoc_handle, library.signatory
        association = handle and signatory.getAssociation(handle, dumb=False)
        sign(answer, association or signatory.createAssociation(dumb=True))
        return self._send_back(request, changed(answer, self.forgeries))

    def _send_back(self, request, answer: dict[str, str]) -> Reply:
        if self.by_form:
            return Reply(form(request.return_to, answer, CONTINUE))
        joint = "&" if "?" in request.return_to else "?"
        return Reply("", {"Location": request.return_to + joint + urlencode(answer)}, 302)


def _question(fields: dict[str, str]) -> Reply:
    buttons = "".join(
        f'<button name="decision" value="{word.lower()}">{word}</button>'
        for word in ("Allow", "Cancel")
    )
    return Reply(form("/endpoint", fields, buttons))


class _Handler(BaseHTTPRequestHandler):
    provider: SecondProvider

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode()
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        asked = Asked(self.command, self.path, fields | dict(parse_qsl(sent, True)))
        self.provider.requests.append(asked)
        reply = self.provider.answer(asked)
        content = reply.body.encode()
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(content))}
        try:
            self.send_response(reply.status)
            for name, value in (headers | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            # The visitor hung up, as it should when nothing came for too long.
            self.close_connection = True

    do_POST = do_GET

    def log_message(self, *args):
        """Keep the requests out of the tests' output."""
