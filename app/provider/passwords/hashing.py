"""Hashing passwords, which is slow and hungry on purpose: few at once, and the others wait."""

import threading
from collections import Counter
from contextlib import contextmanager

from flask import current_app, has_request_context
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.security import check_password_hash, generate_password_hash

from app.database import end_transaction
from app.extensions import visitor_address

# In one process. Each takes a core and 32 MB.
MAX_AT_ONCE = 2
# Of MAX_THREADS in config.py some stay free for all other pages.
MAX_WAITING = 32
# Of both together, so that nobody alone keeps all others from signing in.
MAX_FROM_ONE_ADDRESS = 16
MAX_WAIT_SECONDS = 10
RETRY_SECONDS = 5

_running = threading.BoundedSemaphore(MAX_AT_ONCE)
_inside = threading.BoundedSemaphore(MAX_AT_ONCE + MAX_WAITING)
_from_address: Counter[str] = Counter()
_counting = threading.Lock()


class Busy(ServiceUnavailable):
    """More passwords are to be hashed than this process gets done in time."""

    description = "Many people are signing in at this moment."


@contextmanager
def turn():
    """Wait for a turn to work on a password, with no transaction open. Raises Busy."""
    end_transaction()
    with _share_of_address(), _held(_inside, seconds=0), _held(_running, MAX_WAIT_SECONDS):
        yield


@contextmanager
def _held(semaphore: threading.Semaphore, seconds: float):
    if not semaphore.acquire(timeout=seconds):
        raise Busy(retry_after=RETRY_SECONDS)
    try:
        yield
    finally:
        semaphore.release()


@contextmanager
def _share_of_address():
    address = visitor_address() if has_request_context() else "none"
    with _counting:
        if _from_address[address] >= MAX_FROM_ONE_ADDRESS:
            raise Busy(retry_after=RETRY_SECONDS)
        _from_address[address] += 1
    try:
        yield
    finally:
        with _counting:
            _from_address[address] -= 1
            if not _from_address[address]:
                del _from_address[address]


def make_hash(password: str) -> str:
    """Return what is stored of a password. Raises Busy."""
    with turn():
        return generate_password_hash(password, current_app.config["PASSWORD_HASH"])


def matches(stored: str | None, password: str) -> bool:
    """Return whether `stored` is the hash of `password`. Raises Busy.

    Without a hash the work is the same, so that its time does not tell who has an account.
    """
    with turn():
        return check_password_hash(stored or _hash_of_nothing(), password)


def _hash_of_nothing() -> str:
    """Return a hash, as expensive to check as those made now, that no password has."""
    return f"{current_app.config['PASSWORD_HASH']}${'0' * 16}$"
