"""Failure mail: what failed goes from its request to the mail thread, and from there to ADMINS.

reports.py says what a mail tells, throttle.py how many there may be; app/mail sends them.
"""

import logging
import math
import time
from collections import deque
from datetime import UTC, datetime
from functools import cached_property

from app.failures.redaction import Redactor
from app.failures.reports import Failure
from app.failures.throttle import Throttle
from app.mail import letters
from app.mail.queue import MailQueue

# Kinds of failures that wait at once; what is more is told together.
MAX_KINDS = 200
# References that one mail names.
MAX_REFERENCES = 50


class Waiting:
    """Failures of one kind that no mail has told of yet."""

    def __init__(self, failure: Failure):
        # The newest of them, and the references of those before.
        self.failure = failure
        self.earlier: deque[str] = deque(maxlen=MAX_REFERENCES)
        self.count = 1
        # Since when a mail may be sent, as time.time() counts.
        self.due = 0.0

    def add(self, other: "Waiting") -> None:
        if self.failure.reference:
            self.earlier.append(self.failure.reference)
        self.earlier.extend(other.earlier)
        self.failure = other.failure
        self.count += other.count


class FailureMail(logging.Handler):
    """Mails what is logged as an error; whoever logs never waits for it."""

    def __init__(self, config: dict, queue: MailQueue, redact: Redactor):
        super().__init__(logging.ERROR)
        self.config = config
        self.queue = queue
        self.redact = redact
        self.start_afresh()
        queue.writers.append(self)

    def start_afresh(self) -> None:
        # New failures by kind, from any thread; everything else is the mail thread's.
        self.new: dict[str, Waiting] = {}
        self.waiting: dict[str, Waiting] = {}
        vars(self).pop("throttle", None)

    @cached_property
    def throttle(self) -> Throttle:
        # Made in the process and thread that use it.
        return Throttle(self.config, self.queue.warn)

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "is_only_logged", False):
            return
        try:
            failure = Failure.of(record, self.redact)
            with self.queue.bell:
                _add(self.new, failure.kind, Waiting(failure))
            self.queue.ring()
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self.queue.finish()
        super().close()

    # From here on, everything happens in the mail thread.

    def seconds_left(self) -> float:
        moments = [waiting.due for waiting in self.waiting.values()]
        return min(moments, default=math.inf) - time.time()

    def write(self, is_last: bool) -> None:
        self._sort_new()
        if is_last:
            self._write_last_letters()
        else:
            self._write_letters()

    def unwritten(self) -> list[str]:
        left = [*self.waiting.values(), *self.new.values()]
        self.waiting, self.new = {}, {}
        return [f"{waiting.failure.subject()}, {waiting.count} times" for waiting in left]

    def _sort_new(self) -> None:
        with self.queue.bell:
            new, self.new = self.new, {}
        for kind, waiting in new.items():
            self.throttle.count(kind, waiting.count)
            _add(self.waiting, kind, waiting)

    def _write_letters(self) -> None:
        for kind, waiting in list(self.waiting.items()):
            if waiting.due > time.time():
                continue
            if not self.throttle.waiting(kind):
                # Another process has told of them.
                del self.waiting[kind]
                continue
            ruling = self.throttle.ask(kind)
            if ruling.allowed:
                self._write(kind)
            else:
                waiting.due = ruling.again_at
                if not ruling.only_this_kind and self.throttle.may_give_notice():
                    self._write_notice(ruling.again_at)

    def _write_last_letters(self) -> None:
        for kind in list(self.waiting):
            if self.throttle.waiting(kind) and self.throttle.ask_overall().allowed:
                self._write(kind)

    def _write(self, kind: str) -> None:
        waiting = self.waiting.pop(kind)
        failure, count = waiting.failure, self.throttle.take(kind)
        if not count:
            # Another process was quicker.
            return
        subject = failure.subject() + (f", {count} times" if count > 1 else "")
        self._send(subject, failure.body(count, list(waiting.earlier)))

    def _write_notice(self, until: float) -> None:
        moment = datetime.fromtimestamp(until, UTC).strftime("%H:%M UTC")
        self._send(
            "too many kinds of failures",
            f"More failure mails than {self.config['FAILURE_MAILS_PER_HOUR']} in an hour would be "
            f"too many, so this is the last one before {moment}.\n\nWhat fails until then is in "
            "the log at once, and counted in a mail later.\n",
        )

    def _send(self, subject: str, text: str) -> None:
        letter = letters.letter(self.config, self.config["ADMINS"], subject, text)
        self.queue.send_later(letter, goes_first=True)


def _add(kinds: dict[str, Waiting], kind: str, waiting: Waiting) -> None:
    if kind not in kinds and len(kinds) >= MAX_KINDS:
        kind = "others"
    if kind in kinds:
        kinds[kind].add(waiting)
    else:
        kinds[kind] = waiting
