"""A server with one worker, asked over a connection that stays: what it takes by itself."""

import http.client
import re
import shutil
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    environment,
    free_port,
    wait_until,
)
from config import MAX_THREADS, basedir

# gunicorn as others are measured with, and granian as runp.py starts it.
SERVERS = {
    "gunicorn": (
        *("gunicorn", "-w", "1", "-k", "gthread", "--threads", "4", "--keep-alive", "75"),
        "-b",
    ),
    "granian": (
        *("granian", "--interface", "wsgi", "--workers", "1"),
        *("--blocking-threads", str(MAX_THREADS), "--port"),
    ),
}
PLAIN, SITE = "app.tests.bench.pages.plain:app", "runp:app"


class Served:
    """An application under a server of its own, which ends with `case`."""

    def __init__(self, case: unittest.TestCase, server: str, target: str, **settings: str):
        self.port = free_port()
        command = SERVERS[server]
        place = f"127.0.0.1:{self.port}" if server == "gunicorn" else str(self.port)
        arguments = [sys.executable, "-m", *command, place, target]
        if (server, target) == ("granian", SITE):
            arguments = [sys.executable, str(basedir / "runp.py")]
        settings |= {"PORT": str(self.port), "WORKERS": "1", "LOG_FILE": "-"}
        began = time.perf_counter()
        self.process = Process(case, *arguments, cwd=basedir, **settings)
        wait_until(self._answers, START_SECONDS, "an answer", self.process)
        self.start_seconds = time.perf_counter() - began

    def _answers(self) -> bool:
        try:
            return self.get("/").status in (200, 302)
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def request(self, path: str, status: int = 200, **headers: str) -> Callable[[], bytes]:
        """Return a function that asks for a page and reads it, all over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

        def call() -> bytes:
            try:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
            except ConnectionError:
                # Servers hang up on who has asked nothing for a while.
                connection.close()
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
            text = answer.read()
            if answer.status != status:
                raise AssertionError(f"{path}: {answer.status}")
            return text

        return call

    def _processes(self) -> list[Path]:
        """Return those of the server; it leads a group of its own."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                group = int(stat.read_text().rpartition(")")[2].split()[2])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if group == self.process.process.pid:
                found.append(stat.parent)
        return found

    def cpu(self) -> float:
        """Return the seconds of CPU that all its threads have had."""
        runs = (task for one in self._processes() for task in one.glob("task/*/schedstat"))
        return sum(int(run.read_text().split()[0]) for run in runs) / 1e9

    def megabytes(self) -> float:
        """Return the memory of its largest process, in MiB."""
        told = (Path(one, "status").read_text() for one in self._processes())
        found = (re.search(r"VmRSS:\s+(\d+)", text) for text in told)
        return max(int(rss[1]) for rss in found if rss) / 1024

    def load(self, path: str, seconds: int, connections: int, cookie: str = "") -> str:
        """Return what wrk says of so many connections that ask for a page without a pause."""
        if not shutil.which("wrk"):
            return "needs wrk, of the Debian package of that name"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        command += ["-H", f"Cookie: {cookie}", f"http://127.0.0.1:{self.port}{path}"]
        home = self.process.output_path.parent
        done = subprocess.run(
            command, env=environment(home), capture_output=True, text=True, check=True
        )
        wanted = r"(50%|99%|Requests/sec:|Socket errors:|Non-2xx.*:)\s+(.*)"
        return ", ".join(f"{name} {value}" for name, value in re.findall(wanted, done.stdout))
