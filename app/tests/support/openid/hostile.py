"""A web server that behaves as badly as servers do, for tests of what we fetch.

It listens on a free port of 127.0.0.1. `HostileServer` is a context manager; `origin` is
its address, `requests` what it was asked, and `answers` takes pages of the test's own.
"""

import gzip
import socket
import ssl
import tempfile
import threading
import time
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from openid.yadis.constants import YADIS_CONTENT_TYPE

XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + ']><xrds:XRDS xmlns:xrds="xri://$xrds">&a11;</xrds:XRDS>'
)
# 256 KiB less a little, so that it is within what the fetcher takes.
QUADRATIC = ("<html><head>" + "<!--" * 65_000)[:260_000]
# Of nobody: the server's own certificate for id.example, valid until 2120, and its key.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBZDCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAppZC5leGFt
cGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
DAppZC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFiLU+9zgQlqM
S/h95h+UeLPrOwfX0PV8CLdnbywxlwixCOw/qkGk7ZVlIkgvykK7uDTvnFBCnbfM
cI2uYEY556NJMEcwDwYDVR0TAQH/BAUwAwEB/zAVBgNVHREEDjAMggppZC5leGFt
cGxlMB0GA1UdDgQWBBTPnPDs9Fpv4JytmfdVoqnKBPCuKjAKBggqhkjOPQQDAgNI
ADBFAiAjGCj9n+prES5zDI5qqYg5xlMYZ6Iamy3W1Q48Lq1K5QIhAOcHUN3PR8+1
C7hDATunsFtyUvVNMi800BFqRNfutqLG
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2xe9y6nQwNrQCxer
W/5lc5lzUBZpO6NSC1p0OdGiRzOhRANCAAQWItT73OBCWoxL+H3mH5R4s+s7B9fQ
9XwIt2dvLDGXCLEI7D+qQaTtlWUiSC/KQru4NO+cUEKdt8xwja5gRjnn
-----END PRIVATE KEY-----
"""


class Asked(NamedTuple):
    """One request as it arrived: the names of its headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def response(body="", content_type="text/html", status=200, **headers) -> bytes:
    """Write an HTTP response; `X_XRDS_Location=…` becomes the header X-XRDS-Location."""
    content = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(content)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


# Seconds until a page that seems to last for ever ends after all: whoever is still there then
# gets to know it, and a test that waits for them fails rather than hangs.
FOR_EVER = 300


class HostileServer:
    """The server, running between `with` and the end of its block.

    /silent                 takes the request and says nothing
    /slow-headers           one byte of its headers at a time, for ever
    /slow-body              the same with its body
    /endless                a body as fast as it goes, for ever
    /tiny-chunks            the same, each byte as a chunk of its own
    /continue               "100 Continue" as fast as it goes, for ever
    /gzip                   16 MiB of zeros with Content-Encoding: gzip
    /xml-bomb               entities within entities, as an XRDS
    /quadratic              a page over which python3-openid's regular expressions stand still
    /redirect?to=…&status=… a redirect, 302 unless told otherwise
    /loop                   a redirect to itself
    /xrds-header?to=…       X-XRDS-Location in a header
    /xrds-meta?to=…         X-XRDS-Location in a <meta>
    /broken                 not HTTP
    /truncated              less than its Content-Length
    Everything else         what stands in `answers` under its path, or a 404

    With `tls` it speaks https and shows CERTIFICATE.
    """

    def __init__(self, tls: bool = False):
        self._tls = _server_context() if tls else None
        self.requests: list[Asked] = []
        self.answers: dict[str, bytes] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        self._start(self._accept)
        return self

    def let_go(self) -> None:
        """End whatever seems to last for ever."""
        self._stopping.set()

    def __exit__(self, *_):
        self.let_go()
        # Closing alone would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def asked(self, path: str) -> list[Asked]:
        """Return the requests for `path`, whatever their query."""
        return [request for request in self.requests if urlsplit(request.path).path == path]

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(FOR_EVER)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = _read(connection)
                self.requests.append(request)
                for piece in self._answer(request):
                    connection.sendall(piece)
                    if self._stopping.is_set():
                        return
        except (OSError, ValueError):
            # The visitor hung up, which is what most of these pages are for.
            return

    def _answer(self, request: Asked):
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        to = query.get("to", "")
        match parts.path:
            case "/silent":
                self._stopping.wait(FOR_EVER)
            case "/slow-headers":
                yield b"HTTP/1.1 200 OK\r\nX-Slow: "
                yield from self._drip()
            case "/slow-body":
                yield b"HTTP/1.1 200 OK\r\n\r\n"
                yield from self._drip()
            case "/endless":
                yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
                yield from iter(lambda: b"a" * 8192, None)
            case "/tiny-chunks":
                yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                yield from iter(lambda: b"1\r\na\r\n" * 1000, None)
            case "/continue":
                yield from iter(lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 100, None)
            case "/gzip":
                yield response(gzip.compress(bytes(1 << 24)), Content_Encoding="gzip")
            case "/xml-bomb":
                yield response(XML_BOMB, YADIS_CONTENT_TYPE)
            case "/quadratic":
                yield response(QUADRATIC)
            case "/redirect":
                yield response(status=query.get("status", "302"), Location=to)
            case "/loop":
                yield response(status=302, Location="/loop")
            case "/xrds-header":
                yield response(X_XRDS_Location=to)
            case "/xrds-meta":
                meta = f'<meta http-equiv="X-XRDS-Location" content="{to}">'
                yield response(f"<html><head>{meta}</head><body></body></html>")
            case "/broken":
                yield b"220 mail.example.com ESMTP\r\n"
            case "/truncated":
                yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<html>"
            case path:
                yield self.answers.get(path) or response("Not found", status=404)

    def _drip(self):
        end = time.monotonic() + FOR_EVER
        while not self._stopping.wait(0.02) and time.monotonic() < end:
            yield b"a"


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(CERTIFICATE + KEY)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _read(connection: socket.socket) -> Asked:
    with connection.makefile("rb") as stream:
        method, path, _ = stream.readline().decode("latin-1").split(" ")
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)
