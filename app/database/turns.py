"""Turns: who asked first goes first, which neither SQLite nor a lock of Python promises."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError


class Busy(TimeoutError):
    """The database was busy for as long as anybody waits; nothing was changed."""


class Turns:
    """A lock that is given to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait for a turn, at most `seconds`, and have it inside. Raises Busy."""
        if not self._take(seconds):
            raise Busy("no turn to write in time")
        try:
            yield
        finally:
            self._pass_on()

    def _take(self, seconds: float) -> bool:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(seconds):
            return True
        with self._lock:
            # It may have come at the last moment.
            if mine.is_set():
                return True
            self._waiting.remove(mine)
            return False

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
