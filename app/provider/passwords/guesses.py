"""How often what opens an account may be guessed: each wrong guess makes the next one wait.

Whoever guesses waits, longer each time, and nobody else does for long: what counts is who
guessed wrong at which account, by address, and by itself for a browser that has been signed
in to the account before. All processes share the counts as far as the limiter's storage does.
"""

import hashlib
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from flask import current_app, g, request
from limits.storage import MemoryStorage, Storage
from werkzeug.exceptions import TooManyRequests

from app.extensions import limiter, visitor_address
from app.provider.models import Account
from app.provider.passwords import known_browsers

# Wrong guesses before the first wait, of 2 seconds, which each further one doubles.
FREE_GUESSES = 5
MAX_PAUSE_SECONDS = 15 * 60
COUNTED_SECONDS = 4 * 60 * 60
# An account of which all strangers together guessed so often wrong leaves everybody a free
# guess less, and after as many again another one; the first is always free.
STRANGERS_GUESSES = 20

_own_storage: Storage | None = None


class Kind(NamedTuple):
    """What is guessed: each is counted by itself."""

    key: str
    too_often: str
    # How often all strangers together may be wrong, if there is an end to that.
    most_of_strangers: int | None = None


PASSWORD = Kind("guesses", "The password was wrong too often.")
# Of a million codes up to three are right, so that many strangers with few guesses each would
# get there. The owner has a browser that is known, or a recovery code, which nobody guesses.
CODE = Kind(
    "codes",
    "The code was wrong too often. A recovery code, or a browser in which you have "
    "signed in before, still lets you in.",
    50,
)
RECOVERY_CODE = Kind("recovery", "The recovery code was wrong too often.")


class GuessedTooOften(TooManyRequests):
    pass


class Verdict:
    """What the check of a password came to, as whoever checks it says."""

    is_right = False


class Guess(Verdict):
    """One guess, which counts as wrong from the start: many at once would be free otherwise."""

    def __init__(self, username: str, kind: Kind):
        # Whatever was typed, also a password by mistake, is not legible in the storage.
        account = hashlib.sha256(username.lower().encode()).hexdigest()[:32]
        self.mark = _known_mark(username)
        guesser = f"browser {self.mark}" if self.mark else visitor_address()
        self.kind = kind
        self.all_key = f"{kind.key}/{account}"
        self.own_key = f"{self.all_key}/{guesser}"
        self.pause_key = f"{self.own_key}/pause"
        self.storage = _storage()

    def begin(self) -> None:
        """Count it. Raises GuessedTooOften when it comes too soon after others."""
        storage = self.storage
        if storage.get(self.pause_key):
            raise self._too_soon(self.pause_key)
        strangers = 0 if self.mark else storage.get(self.all_key)
        most = self.kind.most_of_strangers
        if most is not None and strangers >= most:
            raise self._too_soon(self.all_key)
        wrong = storage.incr(self.own_key, COUNTED_SECONDS)
        pause = pause_after(wrong, strangers)
        # Of several at once, the first begins the pause and the others come too soon.
        if pause and storage.incr(self.pause_key, pause) > 1:
            raise self._too_soon(self.pause_key)

    def end(self) -> None:
        """Count it as wrong unless it was right; then those before it count no more either."""
        if self.is_right:
            self.storage.clear(self.own_key)
            self.storage.clear(self.pause_key)
            return
        g.guessed_wrong = True
        if not self.mark:
            self.storage.incr(self.all_key, COUNTED_SECONDS)

    def take_back(self) -> None:
        """Do not count it: nobody looked whether it was right."""
        self.storage.incr(self.own_key, COUNTED_SECONDS, amount=-1)

    def _too_soon(self, until: str) -> GuessedTooOften:
        left = self.storage.get_expiry(until) - time.time()
        return GuessedTooOften(self.kind.too_often, retry_after=max(1, math.ceil(left)))


@contextmanager
def guess(username: str, kind: Kind = PASSWORD) -> Iterator[Verdict]:
    """Count the check of a password or code inside, which sets `is_right` on what this yields.

    Raises GuessedTooOften.
    """
    if not limiter.enabled:
        yield Verdict()
        return
    one = Guess(username, kind)
    one.begin()
    try:
        yield one
    except BaseException:
        one.take_back()
        raise
    one.end()


def forget(username: str) -> None:
    """Count no guess that was made in this browser, or from its address, for this account."""
    if limiter.enabled:
        one = Guess(username, PASSWORD)
        one.is_right = True
        one.end()


def pause_after(wrong: int, strangers: int) -> int:
    """Return how many seconds the next guess has to wait, after so many wrong ones."""
    steps = wrong - FREE_GUESSES + min(strangers // STRANGERS_GUESSES, FREE_GUESSES)
    return min(2**steps, MAX_PAUSE_SECONDS) if steps > 0 else 0


def in_known_browser() -> bool:
    """Return whether the account of the sign-in form was signed in to in this browser before."""
    return is_known_to(request.form.get("username", ""))


def is_known_to(username: str) -> bool:
    """Return whether the account of this username was signed in to in this browser before."""
    return _known_mark(username) is not None


def _known_mark(username: str) -> str | None:
    # Nothing is looked up for strangers, whose time must not depend on who has an account.
    account = Account.find(username) if known_browsers.has_any() else None
    return known_browsers.known_mark(account) if account else None


def _storage() -> Storage:
    """Return where the limiter counts, or this process's own memory while that is away."""
    global _own_storage
    storage = limiter.limiter.storage
    try:
        if storage.check():
            return storage
    except Exception as error:
        current_app.logger.warning("wrong guesses are counted by each process: %r", error)
    if _own_storage is None:
        _own_storage = MemoryStorage()
    return _own_storage
