"""A PostgreSQL cluster of a test's own, which it may stop and silence."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.tests.support.programs.processes import START_SECONDS, free_port, missing

# Its data are for this test alone, and so need not outlive a power cut.
OPTIONS = "-c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, which Debian has aside, or None."""
    found = shutil.which("pg_ctl")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    folders += [Path(found).resolve().parent] if found else []
    return next((f for f in reversed(folders) if (f / "initdb").exists()), None)


def account() -> str | None:
    """Return the account that the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


class Cluster:
    """A PostgreSQL server with a folder and a port of its own, that is stopped after `case`."""

    def __init__(self, case):
        self.bin = programs() or missing("This needs the Debian package postgresql.")
        # Not in the folder of the other tests, which nobody else may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="microblog-"))
        case.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()
        if user := account():
            shutil.chown(self.folder, user)
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        case.addCleanup(self.stop, "immediate", check=False)
        self.start()

    def run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [self.bin / program, "-D", self.folder / "data", *arguments],
            user=account(),
            cwd=self.folder,
            # pg_ctl leaves its output to the server, so a pipe would never end.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if check and done.returncode:
            raise AssertionError(f"{program} {' '.join(arguments)} gave {done.returncode}")

    def start(self) -> None:
        self.run(
            "pg_ctl",
            "start",
            "-w",
            f"-t{START_SECONDS}",
            f"-l{self.folder / 'log'}",
            f"-o{OPTIONS} -p {self.port}",
        )

    def stop(self, mode: str, check: bool = True) -> None:
        self.run("pg_ctl", "stop", "-w", f"-m{mode}", check=check)
