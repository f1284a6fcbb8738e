"""A clock that stands still, for what must not depend on how fast a machine is."""

import time
from datetime import UTC, datetime
from unittest import mock

from app import database


class Clock:
    """What time it is in this process, until `case` (a test, or a class of tests) is done.

    It stands at the moment of its making until it is stepped. The monotonic clock goes on,
    by which threads and sockets wait.
    """

    def __init__(self, case):
        self.seconds = time.time()
        enter = case.enterClassContext if isinstance(case, type) else case.enterContext
        enter(mock.patch.object(time, "time", lambda: self.seconds))
        stopped = type("Stopped", (datetime,), {"now": lambda zone=None: self.now()})
        enter(mock.patch.object(database, "datetime", stopped))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def step(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.seconds += seconds
