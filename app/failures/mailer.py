"""Failure mail: what failed goes from its request to a thread, and from there to ADMINS.

reports.py says what a mail tells, floods.py how many there may be, smtp.py hands one over.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from datetime import UTC, datetime
from email.message import EmailMessage

from app.failures.redaction import Hiding
from app.failures.reports import Failure
from app.failures.throttle import Floods
from app.mail import smtp
from app.shutdown import at_end

# Kinds of failures that wait at once; what is more is told together.
MOST_KINDS = 200
MOST_LETTERS = 100
MOST_REFERENCES = 50
LONGEST_PAUSE = 60 * 60
MOST_ATTEMPTS = 30


class Waiting:
    """Failures of one kind that no mail has told of yet."""

    def __init__(self, failure: Failure):
        # The newest of them, and the references of those before.
        self.failure = failure
        self.earlier = deque(maxlen=MOST_REFERENCES)
        self.count = 1
        # Since when a mail may be sent, as time.time() counts.
        self.due = 0.0

    def add(self, other: "Waiting") -> None:
        if self.failure.reference:
            self.earlier.append(self.failure.reference)
        self.earlier.extend(other.earlier)
        self.failure = other.failure
        self.count += other.count


class Letter:
    def __init__(self, name: str, message: EmailMessage):
        self.name = name
        self.message = message
        self.attempts = 0


class FailureMail(logging.Handler):
    """Mails what is logged as an error; whoever logs never waits for it."""

    def __init__(self, config: dict, logger: logging.Logger, hide: Hiding):
        super().__init__(logging.ERROR)
        self.config = config
        self.logger = logger
        self.hide = hide
        self._start_afresh()

    def _start_afresh(self) -> None:
        self.process = os.getpid()
        self.thread: threading.Thread | None = None
        self.bell = threading.Condition()
        self.finishing = threading.Lock()
        self.closing_at: float | None = None
        # Nothing more is sent: requests may outlive the order to end.
        self.is_over = False
        # New failures by kind, from any thread; everything below is the mail thread's.
        self.new: dict[str, Waiting] = {}
        self.waiting: dict[str, Waiting] = {}
        self.letters: deque[Letter] = deque()
        self.floods: Floods | None = None
        self.pause = self.next_attempt = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "is_only_logged", False):
            return
        try:
            failure = Failure.of(record, self.hide)
            if self.process != os.getpid():
                # A thread stays behind when a server forks its workers, and so does
                # what another process has still to send.
                self._start_afresh()
            with self.bell:
                _add(self.new, failure.kind, Waiting(failure))
                self._start()
                self.bell.notify()
                is_late = self.is_over
            if is_late:
                self._log_unsent()
        except Exception:
            self.handleError(record)

    def _start(self) -> None:
        if self.thread is not None or self.closing_at is not None:
            return
        self.thread = threading.Thread(target=self._run, name="failure mail", daemon=True)
        self.thread.start()
        self.not_at_end = at_end(self.finish)

    def close(self) -> None:
        self.finish()
        super().close()

    def finish(self) -> None:
        """Send what waits, or log that it was not sent, within FAILURE_FINISH_SECONDS."""
        if self.process != os.getpid() or self.thread is None:
            return
        # A signal and the end may both ask for it, and neither may pass before it is done.
        with self.finishing:
            if self.closing_at is not None:
                return
            with self.bell:
                self.closing_at = time.monotonic() + self.config["FAILURE_FINISH_SECONDS"]
                self.bell.notify()
            self.thread.join(self.config["FAILURE_FINISH_SECONDS"] + 0.2)
            if self.thread.is_alive():
                # It is in the midst of a conversation, and goes with its process.
                self._log_unsent()
        self.not_at_end()

    # From here on, everything happens in the mail thread.

    def _run(self) -> None:
        while self.closing_at is None:
            try:
                self._wait()
                self._sort_new()
                self._write_letters()
                self._send_letters()
            except Exception as error:  # Without this thread nobody would be told of anything.
                self._warn(f"failure mail: {error!r}")
                time.sleep(1)
        try:
            self._sort_new()
            self._write_last_letters()
            self._send_letters()
        except Exception as error:
            self._warn(f"failure mail: {error!r}")
        self._log_unsent()

    def _wait(self) -> None:
        moments = [waiting.due - time.time() for waiting in self.waiting.values()]
        if self.letters:
            moments.append(self.next_attempt - time.monotonic())
        with self.bell:
            if not self.new and self.closing_at is None:
                self.bell.wait(max(0.0, min(moments)) if moments else None)

    def _sort_new(self) -> None:
        if self.floods is None:
            self.floods = Floods(self.config, self._warn)
        with self.bell:
            new, self.new = self.new, {}
        for kind, waiting in new.items():
            self.floods.count(kind, waiting.count)
            _add(self.waiting, kind, waiting)

    def _write_letters(self) -> None:
        for kind, waiting in list(self.waiting.items()):
            if waiting.due > time.time():
                continue
            if not self.floods.waiting(kind):
                # Another process has told of them.
                del self.waiting[kind]
                continue
            ruling = self.floods.ask(kind)
            if ruling.allowed:
                self._write(kind)
            else:
                waiting.due = ruling.again_at
                if not ruling.only_this_kind and self.floods.may_give_notice():
                    self._write_notice(ruling.again_at)

    def _write_last_letters(self) -> None:
        for kind in list(self.waiting):
            if self.floods.waiting(kind) and self.floods.ask_overall().allowed:
                self._write(kind)

    def _write(self, kind: str) -> None:
        waiting = self.waiting.pop(kind)
        failure, count = waiting.failure, self.floods.take(kind)
        if not count:
            # Another process was quicker.
            return
        subject = failure.subject() + (f", {count} times" if count > 1 else "")
        self._enclose(subject, failure.body(count, list(waiting.earlier)))

    def _write_notice(self, until: float) -> None:
        moment = datetime.fromtimestamp(until, UTC).strftime("%H:%M UTC")
        self._enclose(
            "[microblog] too many kinds of failures",
            f"More failure mails than {self.config['FAILURE_MAILS_PER_HOUR']} in an hour would be "
            f"too many, so this is the last one before {moment}.\n\nWhat fails until then is in "
            "the log at once, and counted in a mail later.\n",
        )

    def _enclose(self, subject: str, text: str) -> None:
        letter = Letter(subject, smtp.letter(self.config, subject, text))
        if len(self.letters) < MOST_LETTERS:
            self.letters.append(letter)
        else:
            self._warn(f"failure mail was not sent, too many wait already: {letter.name}")

    def _send_letters(self) -> None:
        """Send what waits, unless the mail server has failed just now; then later, and rarer."""
        while self.letters and (self.closing_at or time.monotonic() >= self.next_attempt):
            seconds = smtp.MAIL_SECONDS
            if self.closing_at:
                seconds = min(seconds, self.closing_at - time.monotonic())
                if seconds <= 0:
                    return
            letter = self.letters[0]
            try:
                smtp.send(self.config, letter.message, seconds)
            except Exception as error:
                letter.attempts += 1
                if self.closing_at:
                    return
                self._put_off(letter, error)
            else:
                self.pause = 0.0
                # Gone already when the process was about to end and could not wait.
                with contextlib.suppress(ValueError):
                    self.letters.remove(letter)

    def _put_off(self, letter: Letter, error: Exception) -> None:
        first = self.config["FAILURE_RETRY_SECONDS"]
        self.pause = min(max(2 * self.pause, first), LONGEST_PAUSE)
        self.next_attempt = time.monotonic() + self.pause
        # One that this server will never take must not stand before all others.
        self.letters.rotate(-1)
        later = f"tried again in {self.pause:.0f} seconds"
        if letter.attempts == MOST_ATTEMPTS:
            self.letters.remove(letter)
            later = "given up"
        self._warn(f"failure mail was not sent, {later}: {error!r}: {letter.name}")

    def _log_unsent(self) -> None:
        with self.bell:
            self.is_over = True
            left = [letter.name for letter in self.letters]
            for waiting in [*self.waiting.values(), *self.new.values()]:
                left.append(f"{waiting.failure.subject()}, {waiting.count} times")
            self.letters.clear()
            self.waiting, self.new = {}, {}
        for name in left:
            self._warn(f"failure mail was not sent before the end of the process: {name}")

    def _warn(self, sentence: str) -> None:
        # A warning is below this handler's level, so it cannot go round in a circle.
        self.logger.warning("%s", sentence)


def _add(kinds: dict[str, Waiting], kind: str, waiting: Waiting) -> None:
    if kind not in kinds and len(kinds) >= MOST_KINDS:
        kind = "others"
    if kind in kinds:
        kinds[kind].add(waiting)
    else:
        kinds[kind] = waiting
