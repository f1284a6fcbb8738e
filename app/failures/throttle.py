"""How many mails a flood of failures may make, counted together with the other processes."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app.extensions import storage_options

# Counts that nobody has asked for in this time are forgotten.
COUNT_SECONDS = 24 * 60 * 60
TOTAL = "all"

Asking = Callable[[MovingWindowRateLimiter], Any]


class Ruling(NamedTuple):
    """Whether a mail may be sent; if not, from when on (as time.time() counts) to ask again."""

    allowed: bool
    again_at: float = 0.0
    # Whether it is this kind that has to wait, rather than all of them.
    only_this_kind: bool = False


class Throttle:
    """One mail for a kind of failure in a while, and so many in an hour over all kinds.

    The counters are where Flask-Limiter has its own: in Redis all processes share
    them; in memory, or while Redis is away, each process counts for itself.
    It is used by one thread alone.
    """

    def __init__(self, config: dict, warn):
        """Take the settings, and `warn` to call with a sentence when the counters are away."""
        self.uri = config["RATELIMIT_STORAGE_URI"]
        self.warn = warn
        seconds = math.ceil(config["FAILURE_QUIET_SECONDS"])
        hour = math.ceil(config["FAILURE_HOUR_SECONDS"])
        self.per_kind = RateLimitItemPerSecond(1, seconds, "failures")
        self.overall = RateLimitItemPerSecond(config["FAILURE_MAILS_PER_HOUR"], hour, "failures")
        self.notices = RateLimitItemPerSecond(1, hour, "failure notices")
        # For what cannot be counted together.
        self.own = MovingWindowRateLimiter(storage_from_string("memory://"))
        self.shared: MovingWindowRateLimiter | None = None
        self.is_away = False

    def count(self, kind: str, number: int) -> None:
        """Note `number` more failures of `kind`."""

        def add(limiter: MovingWindowRateLimiter) -> None:
            limiter.storage.incr(_count_key(kind), COUNT_SECONDS, number)

        self._try(add, add)

    def waiting(self, kind: str) -> int:
        """Return how many failures of `kind` no mail has told of, in any process."""
        return _waiting(self.own, kind) + self._try(lambda shared: _waiting(shared, kind), _none)

    def take(self, kind: str) -> int:
        """Return the number of waiting(), and take it: no other mail will tell of these."""
        return _take(self.own, kind) + self._try(lambda shared: _take(shared, kind), _none)

    def ask(self, kind: str) -> Ruling:
        """Return whether to send a mail about `kind`, which is counted as sent then."""
        if not self._limited("test", self.overall, TOTAL):
            return Ruling(False, self._free_again(self.overall, TOTAL))
        if not self._limited("hit", self.per_kind, kind):
            return Ruling(False, self._free_again(self.per_kind, kind), only_this_kind=True)
        return self.ask_overall()

    def ask_overall(self) -> Ruling:
        """Return whether to send a mail of a kind of which one was sent shortly before."""
        if not self._limited("hit", self.overall, TOTAL):
            return Ruling(False, self._free_again(self.overall, TOTAL))
        return Ruling(True)

    def may_give_notice(self) -> bool:
        """Return whether to send the one mail that says that there are too many."""
        return self._limited("hit", self.notices, TOTAL)

    def _limited(self, verb: str, item: RateLimitItemPerSecond, key: str) -> bool:
        def limited(limiter: MovingWindowRateLimiter) -> bool:
            return getattr(limiter, verb)(item, key)

        return self._try(limited, limited)

    def _free_again(self, item: RateLimitItemPerSecond, key: str) -> float:
        def reset(limiter: MovingWindowRateLimiter) -> float:
            return limiter.get_window_stats(item, key).reset_time

        # A little later, lest it be a moment too early.
        return max(self._try(reset, reset), time.time()) + 0.05

    def _try(self, ask: Asking, ask_own: Asking):
        """Return what the shared counters give, or while they are away what our own do."""
        try:
            if self.shared is None:
                # Made in the process and thread that use it: a connection survives no fork.
                storage = storage_from_string(self.uri, **storage_options(self.uri))
                self.shared = MovingWindowRateLimiter(storage)
            answer = ask(self.shared)
        except Exception as error:
            if not self.is_away:
                self.is_away = True
                self.warn(f"failures are counted by each process for itself: {error!r}")
            return ask_own(self.own)
        self.is_away = False
        return answer


def _count_key(kind: str) -> str:
    return f"failures waiting/{kind}"


def _none(limiter: MovingWindowRateLimiter) -> int:
    return 0


def _waiting(limiter: MovingWindowRateLimiter, kind: str) -> int:
    return max(limiter.storage.get(_count_key(kind)), 0)


def _take(limiter: MovingWindowRateLimiter, kind: str) -> int:
    number = _waiting(limiter, kind)
    if not number:
        return 0
    # Not cleared: another process may just be counting further, or taking as well;
    # what was taken twice is put back.
    left = limiter.storage.incr(_count_key(kind), COUNT_SECONDS, -number)
    too_many = min(max(-left, 0), number)
    if too_many:
        limiter.storage.incr(_count_key(kind), COUNT_SECONDS, too_many)
    return number - too_many
