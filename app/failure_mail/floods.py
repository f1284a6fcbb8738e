"""How many mails a flood of failures may make, counted together with the other processes."""

import math
import time
from collections import Counter
from typing import NamedTuple

from limits import RateLimitItemPerSecond
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

# Counts that nobody has asked for in this time are forgotten.
COUNT_SECONDS = 24 * 60 * 60
# Seconds in which Redis has to answer.
STORAGE_SECONDS = 5
TOTAL = "all"


class Ruling(NamedTuple):
    """Whether a mail may be sent; if not, from when on (as time.time() counts) to ask again."""

    allowed: bool
    again_at: float = 0.0
    # Whether it is this kind that has to wait, rather than all of them.
    only_this_kind: bool = False


class Floods:
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
        # What could not be counted together.
        self.own_counts = Counter()
        self.own = MovingWindowRateLimiter(storage_from_string("memory://"))
        self.shared = None
        self.is_away = False

    def count(self, kind: str, number: int) -> None:
        """Note `number` more failures of `kind`."""
        try:
            self._storage().incr(_count_key(kind), COUNT_SECONDS, number)
        except Exception as error:
            self._away(error)
            self.own_counts[kind] += number

    def waiting(self, kind: str) -> int:
        """Give how many failures of `kind` no mail has told of, in any process."""
        number = self.own_counts[kind]
        try:
            return number + max(self._storage().get(_count_key(kind)), 0)
        except Exception as error:
            self._away(error)
            return number

    def take(self, kind: str) -> int:
        """Give the number of waiting(), and take it: no other mail will tell of these."""
        number = self.own_counts.pop(kind, 0)
        try:
            storage = self._storage()
            shared = storage.get(_count_key(kind))
            if shared <= 0:
                return number
            # Not cleared: another process may just be counting further, or taking as well;
            # what was taken twice is put back.
            left = storage.incr(_count_key(kind), COUNT_SECONDS, -shared)
            too_many = min(max(-left, 0), shared)
            if too_many:
                storage.incr(_count_key(kind), COUNT_SECONDS, too_many)
            return number + shared - too_many
        except Exception as error:
            self._away(error)
            return number

    def ask(self, kind: str) -> Ruling:
        """Ask to send a mail about `kind`; it is counted as sent when it is allowed."""
        if not self._limited("test", self.overall, TOTAL):
            return Ruling(False, self._free_again(self.overall, TOTAL))
        if not self._limited("hit", self.per_kind, kind):
            return Ruling(False, self._free_again(self.per_kind, kind), only_this_kind=True)
        return self.ask_overall()

    def ask_overall(self) -> Ruling:
        """Ask to send a mail although one about the same kind was sent shortly before."""
        if not self._limited("hit", self.overall, TOTAL):
            return Ruling(False, self._free_again(self.overall, TOTAL))
        return Ruling(True)

    def may_give_notice(self) -> bool:
        """Tell whether to send the one mail that says that there are too many."""
        return self._limited("hit", self.notices, TOTAL)

    def _limited(self, verb: str, item: RateLimitItemPerSecond, key: str) -> bool:
        try:
            allowed = getattr(self._limiter(), verb)(item, key)
            self.is_away = False
            return allowed
        except Exception as error:
            self._away(error)
            return getattr(self.own, verb)(item, key)

    def _free_again(self, item: RateLimitItemPerSecond, key: str) -> float:
        try:
            reset = self._limiter().get_window_stats(item, key).reset_time
        except Exception as error:
            self._away(error)
            reset = self.own.get_window_stats(item, key).reset_time
        # A little later, lest it be a moment too early.
        return max(reset, time.time()) + 0.05

    def _limiter(self) -> MovingWindowRateLimiter:
        if self.shared is None:
            # Made in the process and thread that use it: a connection survives no fork.
            options = {}
            if not self.uri.startswith("memory:"):
                options = {
                    "socket_timeout": STORAGE_SECONDS,
                    "socket_connect_timeout": STORAGE_SECONDS,
                }
            self.shared = MovingWindowRateLimiter(storage_from_string(self.uri, **options))
        return self.shared

    def _storage(self) -> Storage:
        return self._limiter().storage

    def _away(self, error: Exception) -> None:
        if not self.is_away:
            self.is_away = True
            self.warn(f"failures are counted by each process for itself: {error!r}")


def _count_key(kind: str) -> str:
    return f"failures waiting/{kind}"
