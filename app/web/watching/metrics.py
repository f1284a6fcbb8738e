"""What METRICS shows to Prometheus: counts and times of all processes of this machine's site.

prometheus_client keeps them in files, one a process and kind, which are added up when asked for. It
decides on that when it is imported, so nothing here imports it before it is known where they lie.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, Response, got_request_exception, request
from sqlalchemy.orm import Mapper, Session

from app.database.durations import timing
from app.extensions import db
from app.mail.queue import letters_wait
from app.models import Post, SignIn
from app.web.watching.request_log import seconds as request_seconds
from config import SettingError, basedir

FOLDER = basedir / "tmp" / "metrics"
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DATABASE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
MADE = "metrics_made"


def init_app(app: Flask) -> None:
    """Count what happens in `app`.

    Raises SettingError when there is no place to keep it.
    """
    try:
        _prepare(app.config["PORT"])
    except OSError as error:
        raise SettingError(f"METRICS: {FOLDER} cannot be written: {error.strerror}.") from error
    meters = app.extensions["metrics"] = _meters()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        meters.requests.labels(endpoint, response.status_code).inc()
        meters.request_seconds.labels(endpoint).observe(request_seconds())
        return response


def _prepare(port: int) -> None:
    # All processes of one server are in its group, whichever of them is the first; several
    # servers may be in one group, as of a script, but not at one port.
    own = FOLDER / f"{os.getpgrp()}-{port}"
    own.mkdir(0o700, parents=True, exist_ok=True)
    for folder in FOLDER.glob("*-*"):
        with suppress(PermissionError):
            try:
                os.killpg(int(folder.name.partition("-")[0]), 0)
            except (ProcessLookupError, ValueError):
                shutil.rmtree(folder, ignore_errors=True)
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(own))


@cache
def _meters() -> "Meters":
    return Meters()


class Meters:
    """The counters of this process, which are the same for all its applications."""

    def __init__(self):
        from prometheus_client import Counter, Gauge, Histogram

        names = ["endpoint", "status"]
        self.requests = Counter("microblog_requests", "Requests answered.", names)
        self.request_seconds = Histogram(
            "microblog_request_seconds",
            "Time until a request is answered.",
            names[:1],
            buckets=REQUEST_BUCKETS,
        )
        self.made = {
            Post: Counter("microblog_posts", "Posts written."),
            SignIn: Counter("microblog_sign_ins", "Sign-ins."),
        }
        self.failures = Counter("microblog_failures", "Requests that failed unexpectedly.")
        self.letters = Gauge(
            "microblog_mail_queue", "Letters that wait to be sent.", multiprocess_mode="livesum"
        )
        self.statement_seconds = Histogram(
            "microblog_database_statement_seconds",
            "Time until the database answers a statement, its locks included.",
            buckets=DATABASE_BUCKETS,
        )
        self.connection_seconds = Histogram(
            "microblog_database_connection_seconds",
            "Time until there is a connection to the database.",
            buckets=DATABASE_BUCKETS,
        )
        self._listen()

    def _listen(self) -> None:
        timing.statement_done.connect(self._note_statement)
        timing.connection_had.connect(self._note_connection)
        letters_wait.connect(self._note_letters)
        got_request_exception.connect(self._note_failure)
        for model in self.made:
            sa.event.listen(model, "after_insert", _note_made)
        sa.event.listen(db.session, "after_commit", self._count_made)
        sa.event.listen(db.session, "after_rollback", _forget_made)

    def text(self) -> bytes:
        """Return all counts in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest, multiprocess

        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        for path in folder.glob("gauge_live*.db"):
            # Letters of a process that was killed wait no more.
            process_id = path.stem.rpartition("_")[2]
            if not Path("/proc", process_id).exists():
                multiprocess.mark_process_dead(process_id)
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterable:
        """Return the metrics of all processes: this is what CollectorRegistry asks."""
        from prometheus_client import multiprocess

        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        # A file of a process that has only begun is empty for a moment, and cannot be read.
        files = [str(path) for path in folder.glob("*.db") if path.stat().st_size]
        return multiprocess.MultiProcessCollector.merge(files)

    def _note_statement(self, _, seconds: float) -> None:
        self.statement_seconds.observe(seconds)

    def _note_connection(self, _, seconds: float) -> None:
        self.connection_seconds.observe(seconds)

    def _note_letters(self, _, count: int) -> None:
        self.letters.set(count)

    def _note_failure(self, _, **extra) -> None:
        self.failures.inc()

    def _count_made(self, session: Session) -> None:
        for model in session.info.pop(MADE, []):
            self.made[model].inc()


def _note_made(mapper: Mapper, connection, target) -> None:
    # It counts when it is there for good.
    session = sa.orm.object_session(target)
    if session is not None:
        session.info.setdefault(MADE, []).append(mapper.class_)


def _forget_made(session: Session) -> None:
    session.info.pop(MADE, None)
