"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from unittest import mock

from app import database


class Clock:
    """What `now()`, and the libraries that ask `time.time()`, take for the time.

    `case` is the test for which it stands; afterwards it goes again.
    """

    def __init__(self, case):
        self.moment = datetime.now(UTC).replace(microsecond=0)
        # Defaults of columns hold the function `now` itself, so that the clock is what
        # this function reads.
        standing = mock.Mock(now=lambda zone: self.moment.astimezone(zone))
        case.enterContext(mock.patch.object(database, "datetime", standing))
        case.enterContext(mock.patch("time.time", lambda: self.moment.timestamp()))

    def move(self, **duration: float) -> None:
        """Let so many days, hours, minutes or seconds pass."""
        self.moment += timedelta(**duration)
