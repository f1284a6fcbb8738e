"""How many lines strangers may cause in the log; what is more is told as a count.

Each process counts for itself, for each kind of line (the place in the code that logs it),
so that many lines of one kind hide none of another. Failures are never left out.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from flask import has_request_context

from app.extensions import visitor_address
from app.failures.redaction import OwnWord
from app.shutdown import at_end

WINDOW_SECONDS = 60
# In that time, of one kind: from one address, and from all together.
MAX_LINES = 10
MAX_LINES_OF_ALL = 100
# Pairs of address and kind that are counted at once; further addresses count as one.
MAX_WINDOWS = 1000
ALL = "all addresses"
OTHERS = "other addresses"
# Of a record that was asked for, however many there are.
UNLIMITED = {"is_unlimited": True}


@dataclass
class Window:
    """The lines of one kind in a while."""

    address: str
    ends: float
    record: logging.LogRecord
    lines: int = 0
    left_out: int = 0

    def admits(self, most: int) -> bool:
        if self.lines < most:
            self.lines += 1
            return True
        self.left_out += 1
        return False

    def count(self) -> logging.LogRecord:
        """Return the record that tells how many lines were left out."""
        like = self.record
        text, values = "%d more of these from %s were left out", (self.left_out, self.address)
        count = logging.LogRecord(
            like.name, like.levelno, like.pathname, like.lineno, text, values, None
        )
        # It is of no request, even if one comes just when it is told.
        count.visit = ""
        return count


class LogLimit(logging.Filter):
    """Keeps back what strangers cause beyond the limits, and tells `log` the count later.

    No thread waits for that: the next line of any kind tells it, or the end of the process.
    """

    def __init__(self, log: logging.Handler):
        super().__init__()
        self.log = log
        self.lock = threading.Lock()
        # Oldest first: all last equally long.
        self.windows: dict[tuple, Window] = {}
        self.cancel: Callable[[], None] | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "visit") or hasattr(record, "is_unlimited"):
            return True
        now = monotonic()
        with self.lock:
            counts = self._end(now)
            admitted = self._admits(record, now)
        self._tell(counts)
        return admitted

    def close(self) -> None:
        """Log every count that is left."""
        with self.lock:
            self._tell(self._end(float("inf")))
            cancel, self.cancel = self.cancel, None
        if cancel:
            cancel()

    def _admits(self, record: logging.LogRecord, now: float) -> bool:
        if record.levelno >= logging.ERROR or not has_request_context():
            return True
        address = visitor_address()
        place = (record.pathname, record.lineno)
        if (address, place) not in self.windows and len(self.windows) >= MAX_WINDOWS:
            address = OTHERS
        return self._window(address, place, record, now).admits(MAX_LINES) and (
            self._window(ALL, place, record, now).admits(MAX_LINES_OF_ALL)
        )

    def _window(self, address: str, place: tuple, record, now: float) -> Window:
        if (address, place) not in self.windows:
            ends = now + WINDOW_SECONDS
            self.windows[address, place] = Window(OwnWord(address), ends, record)
            self.cancel = self.cancel or at_end(self.close)
        return self.windows[address, place]

    def _end(self, now: float) -> list[logging.LogRecord]:
        """Forget the windows that have ended; return the records that tell what they left out."""
        counts = []
        while self.windows:
            oldest = next(iter(self.windows))
            if self.windows[oldest].ends > now:
                break
            window = self.windows.pop(oldest)
            if window.left_out:
                counts.append(window.count())
        return counts

    def _tell(self, counts: list[logging.LogRecord]) -> None:
        for count in counts:
            self.log.handle(count)
