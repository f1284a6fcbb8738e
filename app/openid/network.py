"""The way to other sites: only public web servers, each operation within one deadline."""

import functools
import ipaddress
import re
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import certifi
import httpcore
from flask import current_app

# In bytes, of one answer.
MAX_BODY = 256 * 1024
# Headers and the framing of chunks come on top of the body. Somebody who sends each
# byte as a chunk of its own would otherwise keep the processor busy until the deadline.
MAX_RECEIVED = MAX_BODY + 64 * 1024
MAX_ADDRESSES = 4
DEFAULT_PORTS = {"http": 80, "https": 443}
# Browsers and servers agree on about this much, and an OpenID is far shorter.
MAX_URL = 2048

# Addresses that Python's `is_global` may let through, though they lead inside: Azure
# and Oracle answer machines' own requests for credentials on two of them, and 6to4
# (RFC 3056) and Teredo (RFC 4380) carry any IPv4 address within. 3fff::/20 is for examples.
_NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
    )
]
# All of IPv6 that is assigned to the public (RFC 4291, 2.4, and IANA's registry). It
# leaves out the forms that contain IPv4, such as ::ffff:127.0.0.1.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
# A network without IPv4 translates through this one (RFC 6052), so what is within counts.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

# A lookup cannot be interrupted, it ends when the system gives up, perhaps after half
# a minute. So each has a thread, and there may be many: a waiting request leaves at most
# four behind, and only names nobody answers for are slow.
_lookups = threading.BoundedSemaphore(64)


class FetchError(Exception):
    """A URL could not be fetched; the message says why, for the log."""


class FetchRefused(FetchError):
    """The URL leads where this site does not go."""


class FetchTimedOut(FetchError):
    """The deadline of the step has passed."""


class FetchBusy(FetchError):
    """Too many fetches are under way."""


class FetchFailed(FetchError):
    """The other side could not be found or reached, or its answer is unusable."""


class Step:
    """One step of a sign-in: its deadline, and the last FetchError raised within it."""

    def __init__(self, deadline: float):
        self.deadline = deadline
        self.failure: FetchError | None = None
        self.has_slot = False

    def left(self) -> float:
        """Return the seconds left, more than 0. Raises FetchTimedOut."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FetchTimedOut("the deadline has passed")
        return left


class Target(NamedTuple):
    """Where a URL leads: what to connect to, and what to ask for there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"


class Answer(NamedTuple):
    """What came back for one request, before anything is made of it."""

    status: int
    headers: dict[str, str]
    body: bytes


def parse(url: str, max_length: int = MAX_URL) -> Target:
    """Return where `url` leads. Raises FetchRefused where it is not a plain http or https one."""
    if not isinstance(url, str) or len(url) > max_length:
        raise FetchRefused("not a URL, or a very long one")
    # The parser would remove some of these, and others disagree on what a backslash is.
    if re.search(r"[\x00-\x20\x7f-\xa0\s\\]", url):
        raise FetchRefused("a URL with white space, control characters or a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode()
        if "[" in parts.netloc and "%" not in host:
            # One address has many spellings.
            host = str(ipaddress.IPv6Address(host))
    except ValueError as error:
        raise FetchRefused(f"a URL that cannot be parsed: {error}") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise FetchRefused(f"the scheme {parts.scheme!r}, which is neither http nor https")
    if "@" in parts.netloc:
        raise FetchRefused("a URL with a user name or password")
    # Brackets hold an IPv6 address. A zone in it would name one of our own network cards.
    if not re.fullmatch(r"[0-9a-f:.]+" if "[" in parts.netloc else r"[0-9a-z._-]+", host):
        raise FetchRefused("a URL without a proper host")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        path += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~[]")
    default = DEFAULT_PORTS[parts.scheme]
    return Target(parts.scheme, host, default if port is None else port, path)


def collect(chunks) -> bytes:
    """Return the pieces of a body in one. Raises FetchFailed as soon as it is too large."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise FetchFailed(f"more than {MAX_BODY} bytes")
    return bytes(body)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of `host`; disguises such as 0x7f.1 come out as what they are.

    Raises OSError when it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
    """Return a connection to a vetted address; no second lookup could differ from the first."""
    return httpcore.SyncBackend().connect_tcp(address, port, timeout)


def is_public(address: str) -> bool:
    """Return whether an address is one of the public internet, not of somebody's own network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip in _NAT64:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.version == 6 and (ip.scope_id or ip not in _PUBLIC_IPV6):
        return False
    inside = any(ip in network for network in _NOT_PUBLIC)
    return ip.is_global and not ip.is_multicast and not inside


def ask(target: Target, body, headers: dict[str, str], this: Step) -> Answer:
    """Return another site's answer to one request, by POST when there is a `body`.

    A redirect is an answer too. Raises FetchError, and whatever httpcore raises.
    """
    trusted = [parse(url).origin for url in current_app.config["OPENID_TRUSTED_ORIGINS"]]
    is_trusted = target.origin in trusted
    if not is_trusted and target.port not in DEFAULT_PORTS.values():
        raise FetchRefused(f"port {target.port}, which is neither 80 nor 443")
    connection = httpcore.HTTPConnection(
        httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
        ssl_context=_tls() if target.scheme == "https" else None,
        network_backend=_Network(this, is_trusted),
    )
    request = httpcore.Request(
        "GET" if body is None else "POST",
        httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers=list(headers.items()),
        content=body,
    )
    with connection:
        response = connection.handle_request(request)
        named = [
            (name.decode("ascii").lower(), value.decode("utf-8", "replace"))
            for name, value in response.headers
        ]
        return Answer(response.status, dict(named), collect(response.iter_stream()))


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the one TLS context, which verifies certificates and host names."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Network(httpcore.NetworkBackend):
    """Resolves, vets and connects to the very address that was vetted."""

    def __init__(self, this: Step, is_trusted: bool):
        self.step = this
        self.is_trusted = is_trusted

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        addresses = self._look_up(host, port)
        for address in addresses:
            if not self.is_trusted and not is_public(address):
                raise FetchRefused(f"{host} is at {address}, which is not public")
        addresses = addresses[:MAX_ADDRESSES]
        while addresses:
            # One that swallows everything leaves time for the others.
            share = self.step.left() / len(addresses)
            try:
                return _Stream(connect(addresses.pop(0), port, share), self.step)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
        raise FetchFailed(f"{host} has no address")

    def _look_up(self, host: str, port: int) -> list[str]:
        if not _lookups.acquire(timeout=self.step.left()):
            raise FetchTimedOut("too many names are being looked up")
        found: Future[list[str]] = Future()
        # A daemon, since a thread pool would hold up the end of the process.
        thread = threading.Thread(target=_resolve_into, args=(found, host, port), daemon=True)
        try:
            thread.start()
        except RuntimeError:
            _lookups.release()
            raise
        return found.result(timeout=self.step.left())


def _resolve_into(found: Future, host: str, port: int) -> None:
    try:
        found.set_result(resolve(host, port))
    except BaseException as error:
        found.set_exception(error)
    finally:
        _lookups.release()


class _Stream(httpcore.NetworkStream):
    """A connection that gives every operation what is left of the step, and no more.

    httpcore's own timeouts begin anew with each read, so that headers sent byte by
    byte would never end.
    """

    def __init__(self, stream: httpcore.NetworkStream, this: Step):
        self.stream = stream
        self.step = this
        self.received = 0

    def read(self, max_bytes, timeout=None):
        data = self.stream.read(max_bytes, self.step.left())
        self.received += len(data)
        if self.received > MAX_RECEIVED:
            raise FetchFailed(f"more than {MAX_RECEIVED} bytes")
        return data

    def write(self, buffer, timeout=None):
        self.stream.write(buffer, self.step.left())

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        stream = self.stream.start_tls(ssl_context, server_hostname, self.step.left())
        return _Stream(stream, self.step)

    def close(self):
        self.stream.close()

    def get_extra_info(self, info):
        return self.stream.get_extra_info(info)
