"""PostgreSQL really stopped and started again, in a cluster of this test's own."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from app.tests.base import Browser
from app.tests.outages import BrokenCase
from app.tests.processes import START_SECONDS, TEST_SERVER, free_port, missing

# Its data are for this test alone, and so need not outlive a power cut.
OPTIONS = "-c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="


def programs() -> Path | None:
    """Give the folder of PostgreSQL's own programs, the newest, or None; Debian has them aside."""
    found = shutil.which("pg_ctl")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    folders += [Path(found).resolve().parent] if found else []
    return next((f for f in reversed(folders) if (f / "initdb").exists()), None)


def account() -> str | None:
    """Give the account that the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


class Cluster:
    """A PostgreSQL server with a folder and a port of its own, that is stopped after `case`."""

    def __init__(self, case, bin_folder: Path):
        self.bin = bin_folder
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


@unittest.skipIf(TEST_SERVER, "runs in the other run of the suite: once is enough")
class StoppedPostgreSQLTests(BrokenCase):
    slow = True

    def database(self) -> str:
        bin_folder = programs()
        if bin_folder is None:
            missing("This needs the Debian package postgresql.")
        self.cluster = Cluster(self, bin_folder)
        return self.cluster.url

    def test_a_server_that_is_stopped_is_told_once_and_the_site_recovers(self):
        john = self.john()
        for mode in ("fast", "immediate"):
            with self.subTest(mode=mode):
                john.get("/")
                self.assertEqual(john.page.heading, "Hi, john!")
                self.cluster.stop(mode)
                for path in ("/", "/edit", "/user/john", "/login"):
                    self.assert_fails(john, path)
                for path in ("/explore", "/user/john"):
                    self.assert_fails(Browser(self.own), path)
                self.assert_ready_says("database")
                # The last line of a traceback, which the log indents.
                self.assertRegex("\n".join(self.log()), "Error: .*refused")
                self.cluster.start()
                # The same browser, still signed in, and nothing was started but the server.
                self.assert_well()
        self.assert_told_once()
