"""Guarded requests: the one place where this process fetches URLs that a visitor typed.

python3-openid comes here for discovery, association and check_authentication (OpenID
Authentication 2.0, sections 7.3, 8 and 11.4.2). Whatever it asks for, only public web
servers are contacted, one deadline covers a whole sign-in step, and addresses of this
site itself are answered in-process.
"""

import contextlib
import contextvars
import re
import threading
import time
from collections.abc import Iterator
from urllib.parse import urljoin

import httpcore
from flask import Flask, current_app
from flask.globals import app_ctx
from openid.fetchers import HTTPFetcher, HTTPResponse, setDefaultFetcher
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.openid import discovery, network
from app.openid.network import (
    Answer,
    FetchBusy,
    FetchError,
    FetchFailed,
    FetchRefused,
    FetchTimedOut,
    Step,
    Target,
)

MAX_REDIRECTS = 3
# Steps of this process that may wait for other sites at once. Each keeps a thread of the
# server busy, and whoever answers slowly enough could have them all.
MAX_FETCHING = 8
REDIRECTS = {301, 302, 303, 307, 308}
USER_AGENT = "Microblog (OpenID relying party)"

_current_step: contextvars.ContextVar[Step | None] = contextvars.ContextVar(
    "current_step", default=None
)
_slots = threading.BoundedSemaphore(MAX_FETCHING)
_answering_ourselves = contextvars.ContextVar("answering_ourselves", default=False)


@contextlib.contextmanager
def step(seconds: float | None = None) -> Iterator[Step]:
    """Set one common deadline for all fetches inside; a step within a step cannot extend it.

    `seconds` are FETCH_SECONDS when left out. Yields a Step, whose `failure` is the
    cause that the library flattens on its way up. Ask for it once the sign-in has failed:
    after a failed association the library goes on without one.
    """
    if seconds is None:
        seconds = current_app.config["FETCH_SECONDS"]
    outer = _current_step.get()
    deadline = time.monotonic() + seconds
    this = Step(min(deadline, outer.deadline) if outer else deadline)
    token = _current_step.set(this)
    try:
        yield this
    finally:
        _current_step.reset(token)
        if this.has_slot:
            _slots.release()


def _take_slot(this: Step) -> None:
    """Count `this` among the steps that wait for other sites, until it ends. Raises FetchBusy."""
    if not this.has_slot:
        if not _slots.acquire(blocking=False):
            raise FetchBusy(f"{MAX_FETCHING} other sites are being waited for already")
        this.has_slot = True


def install() -> None:
    """Make python3-openid fetch through here, in the whole process; again does no harm."""
    setDefaultFetcher(Fetcher())


class Fetcher(HTTPFetcher):
    """python3-openid's way to the network."""

    def fetch(self, url, body=None, headers=None) -> HTTPResponse:
        """Return the response for `url`, by POST when there is a `body`, and follow its redirects.

        It has whatever status it has. The body of a GET is not the
        page itself but what discovery may read of it, see `app.openid.discovery`. Raises
        FetchRefused, FetchTimedOut, FetchBusy or FetchFailed, and remembers it in the
        current step.
        """
        with contextlib.ExitStack() as stack:
            this = _current_step.get() or stack.enter_context(step())
            try:
                return _follow(url, body, dict(headers or {}), this)
            except FetchError as error:
                this.failure = error
                raise


def _follow(url: str, body, headers: dict[str, str], this: Step) -> HTTPResponse:
    """Return the response at the end of all redirects (RFC 9110, 15.4), each vetted like the first.

    Raises FetchError.
    """
    if _answering_ourselves.get():
        # Nobody needs it, and a URL of ours could be made to fetch itself for ever.
        raise FetchRefused("a request of this site to itself may not fetch")
    if isinstance(body, str):
        body = body.encode()
    for _ in range(MAX_REDIRECTS + 1):
        target = network.parse(url)
        this.left()
        ask = _ask_ourselves if _is_own(target) else network.ask
        if ask is network.ask:
            _take_slot(this)
        with _only_fetch_errors(target):
            answer = ask(target, body, _request_headers(target, body, headers), this)
        if answer.status not in REDIRECTS:
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise FetchFailed(f"{target.origin} compressed its answer unasked")
            text = _decode(answer)
            if body is None:
                text = discovery.for_discovery(text)
            return HTTPResponse(url, answer.status, answer.headers, text)
        if body is not None:
            # Sent on, it would reach somebody whom discovery did not name.
            raise FetchRefused(f"{target.origin} redirected a POST")
        url = _redirected(url, answer)
    raise FetchRefused(f"more than {MAX_REDIRECTS} redirects")


@contextlib.contextmanager
def _only_fetch_errors(target: Target):
    """Turn everything that httpcore, ssl, sockets and our own pages raise into a FetchError."""
    try:
        yield
    except FetchError:
        raise
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise FetchTimedOut(f"{target.origin} did not answer in time") from error
    except Exception as error:
        raise FetchFailed(f"{target.origin}: {type(error).__name__}: {error}") from error


def _redirected(url: str, answer: Answer) -> str:
    location = answer.headers.get("location")
    if not location:
        raise FetchFailed("a redirect that names no location")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchRefused(f"a redirect that cannot be parsed: {error}") from error


def _request_headers(target: Target, body, headers: dict[str, str]) -> dict[str, str]:
    headers = {"Host": target.netloc, "User-Agent": USER_AGENT} | headers
    # Nothing is ever decompressed here: a megabyte of zeros is a kilobyte in gzip.
    headers |= {"Accept-Encoding": "identity", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Content-Length"] = str(len(body))
    return headers


def _decode(answer: Answer) -> str:
    """Return the body, read as UTF-8 if it says so, or else as Latin-1 like the library.

    No other charset is looked up: tags and URLs are ASCII in all of them, and some of
    Python's codecs, such as punycode, take quadratic time.
    """
    charset = re.search(r"charset=[\"']?utf-?8\b", answer.headers.get("content-type", ""), re.I)
    try:
        return answer.body.decode("utf-8" if charset else "latin-1")
    except UnicodeDecodeError:
        return answer.body.decode("latin-1")


# This site itself


def is_own_request() -> bool:
    """Return whether the present request is one that this site makes of itself."""
    return _answering_ourselves.get()


def _is_own(target: Target) -> bool:
    return target.origin == network.parse(current_app.config["SITE_URL"]).origin


def _ask_ourselves(target: Target, body, headers: dict[str, str], this: Step) -> Answer:
    """Return this application's own answer, without the network: one worker would wait for itself.

    In a context of its own, Flask finds neither the outer request nor its application
    context, so that `g`, the session, the user and the database session are new ones.
    """
    return contextvars.Context().run(_run_application, app_ctx.app, target, body, headers)


def _run_application(app: Flask, target: Target, body, headers: dict[str, str]) -> Answer:
    _answering_ourselves.set(True)
    environ = EnvironBuilder(
        path=target.origin + target.path,
        base_url=target.origin,
        method="GET" if body is None else "POST",
        headers=Headers(headers),
        data=body,
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    ).get_environ()
    chunks, status, answered = run_wsgi_app(app, environ)
    try:
        content = network.collect(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    named = {name.lower(): value for name, value in answered.items() if name != "Set-Cookie"}
    return Answer(int(status.split()[0]), named, content)
