"""Letters on their way to the mail server, which nobody waits for.

Each process has a thread for them, which the first letter makes. It tries again while the
server fails, and before the process ends it sends what it can and logs what it cannot.
"""

import contextlib
import math
import os
import re
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from blinker import signal
from flask import Flask

from app.mail import smtp
from app.shutdown import at_end

# Letters of one lane that wait at once.
MAX_LETTERS = 100
MAX_PAUSE = 60 * 60  # seconds
MAX_ATTEMPTS = 30
# Sent with `count`: so many letters wait now.
letters_wait = signal("microblog-letters-wait")


def init_app(app: Flask) -> None:
    """Return `app` its queue, `app.extensions["mail"]`."""
    app.extensions["mail"] = MailQueue(app)


class Writer(Protocol):
    """Whoever writes letters in the queue's thread, because it takes a while or has its time."""

    def start_afresh(self) -> None:
        """Forget what another process has to write: this one was forked from it."""

    def seconds_left(self) -> float:
        """Return in how many seconds there will be something to write; inf is never."""

    def write(self, is_last: bool) -> None:
        """Put what is to be written now into the queue; before its end, `is_last`, all of it."""

    def unwritten(self) -> list[str]:
        """Return a line on each thing that will not be written any more, and forget them."""


@dataclass(eq=False)
class Waiting:
    letter: EmailMessage
    attempts: int = 0
    # As time.monotonic() counts.
    not_before: float = 0.0

    @property
    def name(self) -> str:
        """What the log calls it; never whom it is for."""
        return str(self.letter["Subject"])

    def told(self, error: Exception) -> str:
        """Return what the log tells of `error`, in which a server may name whom it is for."""
        text = repr(error)
        for address in self.letter["To"].addresses:
            for part in (address.addr_spec, address.username):
                pattern = rf"(?<!\w){re.escape(part)}(?!\w)"
                text = re.sub(pattern, "[recipient]", text, flags=re.IGNORECASE)
        return text


class Lane:
    """Letters that wait for one another, and for no letter of another lane.

    A letter that the server does not take now waits by itself; the lane waits as a whole when
    the server fails.
    """

    def __init__(self) -> None:
        self.letters: deque[Waiting] = deque()
        # How often the server failed since it took a letter.
        self.failures = 0
        self.not_before = 0.0

    def next(self) -> Waiting | None:
        """Return the letter to be sent now, or None."""
        moment = time.monotonic()
        if moment < self.not_before:
            return None
        return next((w for w in self.letters if w.not_before <= moment), None)

    def moment(self) -> float:
        """Return when to look for the next letter, as time.monotonic() counts; inf is never."""
        first = min((waiting.not_before for waiting in self.letters), default=math.inf)
        return max(first, self.not_before)


class MailQueue:
    """The letters that wait in this process; any thread may add some."""

    def __init__(self, app: Flask):
        self.config = app.config
        self.logger = app.logger
        self.writers: list[Writer] = []
        self.start_afresh()
        _queues.add(self)

    def start_afresh(self) -> None:
        """Forget everything: a thread stays behind when a server forks its workers.

        What another process has still to send stays there as well.
        """
        self.thread: threading.Thread | None = None
        self.bell = threading.Condition()
        self.has_rung = False
        self.finishing = threading.Lock()
        self.closing_at: float | None = None
        # Nothing more is sent: requests may outlive the order to end.
        self.is_over = False
        # Failures have their own, so that no letter to a member is in their way.
        self.first, self.members = self.lanes = Lane(), Lane()
        for writer in self.writers:
            writer.start_afresh()

    def send_later(self, letter: EmailMessage, goes_first: bool = False) -> None:
        """Send `letter` soon, and again later while the mail server does not take it.

        Letters that go first do so, and find a place however many others wait. One that finds
        none is logged as not sent, and so is one that the server refuses for good.
        """
        waiting, lane = Waiting(letter), self.first if goes_first else self.members
        with self.bell:
            is_full = len(lane.letters) >= MAX_LETTERS
            if not is_full:
                lane.letters.append(waiting)
        if is_full:
            self.warn(f"mail was not sent, too many wait already: {waiting.name}")
        self._tell_count()
        self.ring()

    def ring(self) -> None:
        """Have the thread look for what there is to do."""
        with self.bell:
            self._start()
            self.has_rung = True
            self.bell.notify()
            is_late = self.is_over
        if is_late:
            self._log_unsent()

    def _start(self) -> None:
        if self.thread is not None or self.closing_at is not None:
            return
        self.thread = threading.Thread(target=self._run, name="mail", daemon=True)
        self.thread.start()
        self.not_at_end = at_end(self.finish)

    def finish(self) -> None:
        """Send what waits, or log that it was not sent, within MAIL_FINISH_SECONDS."""
        if self.thread is None:
            return
        # A signal and the end may both ask for it, and neither may pass before it is done.
        with self.finishing:
            if self.closing_at is not None:
                return
            with self.bell:
                self.closing_at = time.monotonic() + self.config["MAIL_FINISH_SECONDS"]
                self.bell.notify()
            self.thread.join(self.config["MAIL_FINISH_SECONDS"] + 0.2)
            if self.thread.is_alive():
                # It is in the midst of a conversation, and goes with its process.
                self._log_unsent()
        self.not_at_end()

    def warn(self, sentence: str) -> None:
        """Log a sentence as a warning: an error would be a failure, and make a letter."""
        self.logger.warning("%s", sentence)

    # From here on, everything happens in the mail thread.

    def _run(self) -> None:
        while self.closing_at is None:
            try:
                self._wait()
                self._do_round()
            except Exception as error:  # Without this thread nobody would be told of anything.
                self.warn(f"mail: {error!r}")
                time.sleep(1)
        with self.bell:
            for lane in self.lanes:
                lane.not_before = 0.0
                for waiting in lane.letters:
                    waiting.not_before = 0.0
        try:
            self._do_round(is_last=True)
        except Exception as error:
            self.warn(f"mail: {error!r}")
        self._log_unsent()

    def _wait(self) -> None:
        moments = [writer.seconds_left() for writer in self.writers]
        with self.bell:
            moments += [lane.moment() - time.monotonic() for lane in self.lanes]
        seconds = max(0.0, min(moments, default=math.inf))
        with self.bell:
            if not self.has_rung and self.closing_at is None:
                self.bell.wait(None if seconds == math.inf else seconds)
            self.has_rung = False

    def _do_round(self, is_last: bool = False) -> None:
        for writer in self.writers:
            writer.write(is_last)
        self._send_letters()
        self._tell_count()

    def _tell_count(self) -> None:
        letters_wait.send(self, count=sum(len(lane.letters) for lane in self.lanes))

    def _send_letters(self) -> None:
        """Send what waits, unless the mail server has failed just now; then later, and rarer."""
        while found := self._next():
            lane, waiting = found
            seconds = smtp.MAIL_SECONDS
            if self.closing_at:
                seconds = min(seconds, self.closing_at - time.monotonic())
                if seconds <= 0:
                    return
            try:
                smtp.send(self.config, waiting.letter, seconds)
            except smtp.LetterRefused as refusal:
                # The server is well, and so are the other letters.
                lane.failures = 0
                self._keep(lane, waiting, refusal, refusal.is_final)
            except Exception as error:
                lane.failures += 1
                lane.not_before = time.monotonic() + self._pause(lane.failures)
                self._keep(lane, waiting, error)
            else:
                lane.failures = 0
                self._remove(lane, waiting)

    def _next(self) -> tuple[Lane, Waiting] | None:
        with self.bell:
            for lane in self.lanes:
                if waiting := lane.next():
                    return lane, waiting
        return None

    def _pause(self, failures: int) -> float:
        return min(self.config["MAIL_RETRY_SECONDS"] * 2.0 ** (failures - 1), MAX_PAUSE)

    def _keep(self, lane: Lane, waiting: Waiting, error: Exception, is_final: bool = False) -> None:
        """Keep a letter that was not sent for later, behind the others, or give it up."""
        waiting.attempts += 1
        pause = self._pause(lane.failures or waiting.attempts)
        end = "refused for good" if is_final else None
        if waiting.attempts >= MAX_ATTEMPTS:
            end = end or "given up"
        with self.bell:
            if not self._remove(lane, waiting):
                return
            if not end:
                waiting.not_before = time.monotonic() + pause
                lane.letters.append(waiting)
        if end or not self.closing_at:
            later = end or f"tried again in {pause:.0f} seconds"
            self.warn(f"mail was not sent, {later}: {waiting.told(error)}: {waiting.name}")

    def _remove(self, lane: Lane, waiting: Waiting) -> bool:
        """Return whether it still waited: the end of the process may have told of it already."""
        with self.bell, contextlib.suppress(ValueError):
            lane.letters.remove(waiting)
            return True
        return False

    def _log_unsent(self) -> None:
        with self.bell:
            self.is_over = True
            left = [waiting.name for lane in self.lanes for waiting in lane.letters]
            for writer in self.writers:
                left += writer.unwritten()
            for lane in self.lanes:
                lane.letters.clear()
        for name in left:
            self.warn(f"mail was not sent before the end of the process: {name}")


_queues: weakref.WeakSet[MailQueue] = weakref.WeakSet()


def _start_afresh() -> None:
    for queue in list(_queues):
        queue.start_afresh()


os.register_at_fork(after_in_child=_start_afresh)
