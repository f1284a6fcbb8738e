"""Clocks that stand still until a test moves them."""

import time
from datetime import UTC, datetime, timedelta
from unittest import mock

from app.database import instants


class Clock:
    """What `now()`, and the libraries that ask `time.time()`, take for the time.

    `case` is the test, or the class of tests, for which it stands; afterwards it goes again.
    The monotonic clock goes on, by which threads and sockets wait; see `MonotonicClock`.
    """

    def __init__(self, case):
        self.moment = datetime.now(UTC).replace(microsecond=0)
        # Defaults of columns hold the function `now` itself, so that the clock is what
        # this function reads.
        standing = mock.Mock(now=lambda zone: self.moment.astimezone(zone))
        enter = case.enterClassContext if isinstance(case, type) else case.enterContext
        enter(mock.patch.object(instants, "datetime", standing))
        enter(mock.patch("time.time", lambda: self.moment.timestamp()))
        # A provider of python3-openid dates its answers by this one.
        enter(mock.patch("openid.store.nonce.gmtime", self._gmtime))

    def _gmtime(self, seconds: float | None = None) -> time.struct_time:
        return time.gmtime(self.moment.timestamp() if seconds is None else seconds)

    def move(self, **duration: float) -> None:
        """Let so many days, hours, minutes or seconds pass."""
        self.step(timedelta(**duration))

    def step(self, by: timedelta) -> None:
        """Let this much time pass."""
        self.moment += by


class MonotonicClock:
    """What one module takes for `time.monotonic()`, in seconds, until the test `case` ends."""

    def __init__(self, case, module):
        self.seconds = 1000.0
        if hasattr(module, "monotonic"):
            patch = mock.patch.object(module, "monotonic", lambda: self.seconds)
        else:
            clock = mock.Mock(wraps=time, monotonic=lambda: self.seconds)
            patch = mock.patch.object(module, "time", clock)
        case.enterContext(patch)

    def move(self, seconds: float) -> None:
        self.seconds += seconds
