"""A clock that stands still until a test moves it."""

import time
from datetime import UTC, datetime, timedelta
from unittest import mock

from app.database import instants


class Clock:
    """What `now()`, and the libraries that ask `time.time()`, take for the time.

    `case` is the test, or the class of tests, for which it stands; afterwards it goes again.
    The monotonic clock goes on, by which threads and sockets wait.
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
