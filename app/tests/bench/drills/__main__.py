"""Drills for the keeper's faults: `python -m app.tests.bench.drills --help`.

Each prints how many acknowledged writes were lost, which requests failed, and how long the longest
took. It judges nothing: what is to be reached stands beside it.
"""

import argparse
import re
import time
import unittest
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from app.tests.bench.drills import faults
from app.tests.bench.drills.load import Load
from app.tests.support.fleet.fleet import SECRET_KEY, Fleet
from app.tests.support.programs.processes import copy_of_the_site, site_server, temporary_folder

# What is done to three machines, their settings, and what is to be reached.
FLEET: dict[str, tuple[Callable, dict[str, str], str]] = {
    "rolling": (faults.rolling_restart, {}, "nothing fails"),
    "worker": (faults.kill_worker, {"WORKERS": "2"}, "at most what it was answering"),
    "master": (faults.kill_master, {"WORKERS": "2"}, "at most what it was answering"),
    "restart": (faults.restart_database, {}, "errors end 2 s after it is back"),
    "pause": (faults.pause_database, {}, "no request over 10 s"),
    "redis": (faults.pause_redis, {"RATELIMIT_ENABLED": "on"}, "no request over 2 s"),
}
ALONE = {"disk": "no GET fails", "writers": "nothing fails"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*FLEET, *ALONE]
    parser.add_argument("drills", nargs="*", metavar="drill", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--seconds", type=float, default=60, help="that pauses last, of Redis 25/60"
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.drills) - set(names):
        parser.error(f"there is no drill called {', '.join(unknown)}")
    for name in chosen.drills or names:
        # It stands in for the test for whose end the helpers keep what has to be undone.
        case = unittest.TestCase()
        try:
            (_fleet if name in FLEET else _alone)(case, name, chosen.seconds)
        finally:
            case.doCleanups()


def _fleet(case, name: str, seconds: float) -> None:
    fault, settings, aim = FLEET[name]
    options = {"RATELIMIT_ENABLED": "off", **settings}
    fleet = Fleet(case, in_own_time=False, **options)
    tells_nginx = fault is faults.rolling_restart
    load = Load(
        fleet.origin,
        fleet.database.url,
        SECRET_KEY,
        tls=fleet.nginx.tls,
        keeps_alive=not tells_nginx,
    )
    _run(load, name, aim, seconds, lambda: fault(fleet, seconds))
    for folder in fleet.folders:
        print(f"  {_told(folder) or 'no failure in the log'}")


def _alone(case, name: str, seconds: float) -> None:
    """Run a drill of one machine with SQLite, and nothing in front."""
    with (
        faults.small_disk(case) if name == "disk" else nullcontext(temporary_folder(case)) as folder
    ):
        url = f"sqlite:///{folder / 'app.db'}"
        options = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "RATELIMIT_ENABLED": "off"}
        server = site_server(case, copy_of_the_site(case), "runp.py", GRAVATAR="off", **options)
        server.wait()
        people = 50 if name == "writers" else 8
        load = Load(server.origin, url, SECRET_KEY, writers=people)
        fault = faults.fill if name == "disk" else lambda _, seconds: time.sleep(seconds)
        _run(load, name, ALONE[name], seconds, lambda: fault(folder, seconds))
        print(f"  {_told(server.folder) or 'no failure in the log'}")
        server.kill()


def _told(folder: Path) -> str:
    """Return what ended the tracebacks of a machine's log, and how often."""
    log = folder / "tmp" / "microblog.log"
    ends = re.findall(r"(?m)^    ([a-z_.]*[A-Z]\w+): ([^\n]{,80})", log.read_text())
    return "; ".join(f"{n} × {kind}: {text}" for (kind, text), n in Counter(ends).most_common(3))


def _run(load: Load, name: str, aim: str, seconds: float, fault: Callable[[], None]) -> None:
    with load:
        time.sleep(seconds / 12)
        fault()
        mended = time.monotonic()
        time.sleep(seconds / 6)
    print(f"{load.report(name, mended)}. To reach: none lost, {aim}.", flush=True)


if __name__ == "__main__":
    main()
