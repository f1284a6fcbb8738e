"""PostgreSQL that goes silent or takes too long: nobody waits for it without end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg
import sqlalchemy as sa

from app.database import in_use
from app.extensions import db

# What libpq is told unless DATABASE_URL says otherwise. A server that takes no connection, or
# whose machine is gone, is given up after these seconds (the last: milliseconds); the first are
# for each address that its name has.
OPTIONS = {
    "client_encoding": "utf8",
    "connect_timeout": 4,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# Seconds for a statement of a migration or a command, behind which no visitor waits.
COMMAND_SECONDS = 60 * 60
# Seconds that a transaction may lie idle, as in a shell.
IDLE_SECONDS = 5 * 60
# Further seconds until a server that has not ended a statement by itself is given up.
GRACE_SECONDS = 1
# For which nobody connects to a server that was given up; then one tries for all, as long.
SILENT_SECONDS = 2

_unhurried = ContextVar("unhurried", default=False)


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time, or a moment ago."""


class Silence:
    """Keeps those who come after somebody who waited in vain from waiting as well."""

    def __init__(self) -> None:
        # As time.monotonic() counts; 0 while all is well.
        self._until = 0.0

    def heed(self) -> None:
        """Let through one who may wait for an answer. Raises NoAnswer for all others."""
        moment = time.monotonic()
        if moment < self._until:
            raise NoAnswer("the server did not answer a moment ago")
        if self._until:
            self._until = moment + SILENT_SECONDS

    def begin(self) -> None:
        self._until = time.monotonic() + SILENT_SECONDS

    def end(self) -> None:
        self._until = 0.0


class BoundedConnection(psycopg.Connection):
    """A connection that is closed when an answer does not come in time.

    A server that is stopped ends no statement by itself, and while its machine confirms
    what it receives, TCP notices nothing.
    """

    max_seconds = COMMAND_SECONDS
    silence: Silence

    def wait(self, generator, interval=0.1, timeout=None):
        if timeout is not None:
            return super().wait(generator, interval, timeout)
        try:
            return super().wait(generator, interval, self.max_seconds)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            self.silence.begin()
            raise NoAnswer("the server did not answer in time") from error


def bound(engine: sa.Engine, config: dict) -> None:
    """Bound what each new connection of `engine` may wait for, by seconds in `config`.

    Of all waits of a request one can be in vain: no other connection is made after it.
    """
    silence = Silence()

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect, record, arguments, options):
        silence.heed()
        try:
            made = BoundedConnection.connect(*arguments, **{**OPTIONS, **options})
        except psycopg.errors.ConnectionTimeout as error:
            silence.begin()
            raise NoAnswer("the server took no connection in time") from error
        made.silence = silence
        return made

    @sa.event.listens_for(engine, "connect")
    def limit(connection, record) -> None:
        unhurried = _unhurried.get()
        seconds = COMMAND_SECONDS if unhurried else config["DATABASE_SECONDS"]
        connection.max_seconds = seconds + GRACE_SECONDS
        limits = {
            "statement_timeout": seconds,
            "lock_timeout": seconds if unhurried else config["DATABASE_LOCK_SECONDS"],
            "idle_in_transaction_session_timeout": seconds if unhurried else IDLE_SECONDS,
        }
        settings = {name: f"{value * 1000:.0f}ms" for name, value in limits.items()}
        # What it takes for dear it compiles, for seconds, and hands to other processes, which
        # begin for 10 ms. Searches look dear and run for a millisecond.
        settings |= {"jit": "off", "max_parallel_workers_per_gather": "0"}
        # Not as options of the connection, which poolers such as PgBouncer refuse; and in no
        # transaction, whose rollback would undo it.
        connection.autocommit = True
        calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        connection.execute(f"SELECT {calls}", [text for pair in settings.items() for text in pair])
        in_use.mark(connection)
        connection.autocommit = False
        silence.end()


@contextmanager
def unhurried(engine: sa.Engine) -> Iterator[None]:
    """Let statements take an hour, on connections that are made for what is done inside."""
    if _unhurried.get():
        # Those in use outside would be left to nobody, and stay open for a while.
        yield
        return
    before = _unhurried.set(True)
    engine.dispose()
    try:
        yield
    finally:
        _unhurried.reset(before)
        # One that is still in use would be left to nobody, too.
        db.session.remove()
        engine.dispose()
