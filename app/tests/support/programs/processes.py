"""What tests start beside themselves: copies of the site, servers, and a browser for those."""

import atexit
import compileall
import contextlib
import functools
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from app.tests.support import base
from app.tests.support.programs.socket_browser import SocketBrowser
from config import basedir

# Seconds in which a server has to answer or to be gone, on the slowest machine.
START_SECONDS = STOP_SECONDS = 120
UNHURRIED = """
import functools, config, granian, granian.log
config.read_settings = functools.partial(config.read_settings, **{fixed})
Granian = granian.Granian
changes = {{"workers_kill_timeout": {seconds}, "log_level": granian.log.LogLevels.warning}}
granian.Granian = lambda *names, **options: Granian(*names, **options | changes)
"""
# What the site's own requirements do not bring, and its processes must not find.
ABSENT = Path(__file__).parent / "absent"
TEST_SERVER = os.environ.get("TEST_DATABASE_URL")

_running: set["Process"] = set()


def copy_of_the_site(case) -> Path:
    """Return a folder with the site as in a fresh clone, removed when `case` is done.

    `case` is a test, or a class of tests for what its tests share.
    """
    return shutil.copytree(_compiled_site(), temporary_folder(case), dirs_exist_ok=True)


@functools.cache
def _compiled_site() -> Path:
    # Python finds bytecode by the time of its source, which a copy keeps: what is compiled
    # here need not be compiled in every copy again.
    folder = base.folder() / "site"
    without = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(basedir / "app", folder / "app", ignore=without)
    for name in ("config.py", "run.py", "runp.py", "tests.py", "requirements.txt"):
        shutil.copy2(basedir / name, folder)
    (folder / "tmp").mkdir()
    compileall.compile_dir(folder, quiet=1, rx=re.compile(r"/app/tests/"))
    return folder


def unhurried(folder: Path, **fixed) -> dict[str, str]:
    """Return settings with which the processes of a copy end in their own time.

    A slow machine needs it; granian warns when it has to kill one all the same. `fixed` are
    further settings that the environment does not reach.
    """
    seconds = STOP_SECONDS // 2
    fixed = {"MAIL_FINISH_SECONDS": seconds, **fixed}
    # Python runs it at each of its starts.
    (folder / "sitecustomize.py").write_text(UNHURRIED.format(fixed=fixed, seconds=seconds))
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ABSENT)])}


def temporary_folder(case) -> Path:
    """Return an empty folder that is removed when `case`, a test or a class of tests, is done."""
    folder = tempfile.mkdtemp(dir=base.folder())
    clean_up_of(case)(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def clean_up_of(case):
    return case.addClassCleanup if isinstance(case, type) else case.addCleanup


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has.

    It is none of those that Linux gives to outgoing connections (from 32768 on), one of which could
    have it before the server does; nor one that Chromium refuses (the last is 10080).
    """
    while True:
        # Whatever a test has seeded, the processes of the suite do not choose alike.
        port = 11_000 + secrets.randbelow(21_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def fresh_database(case) -> str:
    """Return the address of an empty database of the suite's kind, which goes after `case`."""
    if not TEST_SERVER:
        return f"sqlite:///{temporary_folder(case) / 'fresh.db'}"
    url = base.create_database()
    clean_up_of(case)(base.drop_database, url)
    return url


class Process:
    """A command running in a process group of its own, which is gone when `case` is done."""

    def __init__(self, case, *command: str | Path, cwd: Path | None = None, **settings):
        home = temporary_folder(case)
        self.output_path = home / "output"
        self.group_has_ended = False
        with open(self.output_path, "wb") as output, _interruptible():
            self.process = subprocess.Popen(
                [str(part) for part in command],
                # Somewhere else than the site, unless a test says otherwise.
                cwd=cwd or home,
                env=environment(home, **settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _running.add(self)
        clean_up_of(case)(self.kill)

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_for_output(self, text: str) -> None:
        wait_until(lambda: text in self.output, START_SECONDS, f"{text!r} in the output", self)

    def is_running(self) -> bool:
        """Return whether any process of the group is left."""
        # Ours to reap: a process that has ended stays in its group until then.
        self.process.poll()
        if not self.group_has_ended:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                self.group_has_ended = True
        return not self.group_has_ended

    def stop(self, number: signal.Signals, whole_group: bool = False) -> None:
        """Send a signal and wait until every process is gone, at most STOP_SECONDS.

        A terminal sends Ctrl-C to the whole group; a supervisor, SIGTERM to its child alone.
        """
        (os.killpg if whole_group else os.kill)(self.process.pid, number)
        wait_until(lambda: not self.is_running(), STOP_SECONDS, "every process gone", self)

    def kill(self) -> None:
        """End what is left, whatever state it is in."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _running.discard(self)


class Server(Process):
    """A process that serves the site on a free port; made, it may not answer yet: see wait()."""

    def __init__(self, case, *command: str | Path, port: int | None = None, **options):
        self.port = port or free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        super().__init__(case, *command, PORT=str(self.port), **options)

    def wait(self) -> "Server":
        """Wait until it answers, under whatever name."""
        wait_until(self._answers, START_SECONDS, "an answer", self)
        return self

    def _answers(self) -> bool:
        # Whoever holds the port, only a process of this group may be what answers.
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.output}")
        # Refusing is next to nothing for a socket, and milliseconds for a browser.
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", self.port)):
                return False
        try:
            return self.browser().get("/healthz").status_code == 200
        except OSError:
            return False

    def browser(self) -> "SocketBrowser":
        return SocketBrowser(self.origin)


def redis_server(case) -> tuple[Process, str]:
    """Run a Redis of the test's own, and return its process and its address."""
    require("redis-server", packages="redis-server")
    port = str(free_port())
    redis = Process(case, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "")
    redis.wait_for_output("Ready to accept connections")
    return redis, f"redis://127.0.0.1:{port}/0"


def site_server(case, folder: Path, script: str, **options) -> Server:
    """Start run.py or runp.py of a copy."""
    server = Server(case, sys.executable, folder / script, **options)
    server.folder = folder
    return server


@contextlib.contextmanager
def missing_table(folder: Path, name: str):
    """Break the database of a running copy, as no request of a visitor could."""
    connection = sqlite3.connect(folder / "app.db", timeout=START_SECONDS)
    try:
        connection.execute(f'ALTER TABLE "{name}" RENAME TO hidden')
        connection.commit()
        yield
    finally:
        connection.execute(f'ALTER TABLE hidden RENAME TO "{name}"')
        connection.commit()
        connection.close()


def require(*programs: str, packages: str) -> None:
    """Skip where one of `programs` is missing; fail instead where CI is set."""
    if not all(map(shutil.which, programs)):
        missing(f"This needs the Debian packages {packages}.")


def missing(sentence: str) -> None:
    """Skip with a sentence that says what is missing; fail instead where CI is set."""
    if os.environ.get("CI") == "true":
        raise AssertionError(sentence)
    raise unittest.SkipTest(sentence)


def environment(home: Path, **settings) -> dict[str, str]:
    """Return an environment in which nothing of the surrounding one is a setting."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ
    }
    # Servers put files of theirs into the home folder.
    python = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ABSENT)}
    return {**kept, "HOME": str(home), **python, **settings}


def wait_until(holds, seconds: float, what: str, process: Process | None = None) -> None:
    """Look again and again until `holds()` does; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            output = f"; the output:\n{process.output}" if process else ""
            raise AssertionError(f"{what}: not within {seconds} seconds{output}")
        time.sleep(0.02)


@contextlib.contextmanager
def _interruptible():
    # A shell starts what runs in its background with SIGINT ignored, and a child
    # inherits that. One with a handler is reset when the child's program begins.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def kill_all() -> None:
    """End what tests have started and not ended, as when they are interrupted."""
    for process in list(_running):
        process.kill()


def _begin_anew() -> None:
    _running.clear()
    _compiled_site.cache_clear()


atexit.register(kill_all)
os.register_at_fork(after_in_child=_begin_anew)
