"""The faults: each is done to running machines, and returns when it is mended."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.tests.servers.crowds import workers
from app.tests.support.fleet.fleet import Fleet
from app.tests.support.fleet.nginx import children
from app.tests.support.programs.processes import temporary_folder


def rolling_restart(fleet: Fleet, seconds: float) -> None:
    """Restart one machine after the other, each when nginx passes nothing on to it."""
    for number, machine in enumerate(fleet.machines):
        fleet.nginx.leave_out(fleet.ports[number])
        machine.stop(signal.SIGTERM)
        fleet.machines[number] = fleet.start(number).wait()
        time.sleep(seconds / 20)
    fleet.nginx.leave_out()


def kill_worker(fleet: Fleet, seconds: float) -> None:
    """Kill a worker of each machine; their parents make others."""
    for machine in fleet.machines:
        serving = sorted(set(workers(machine)) - {machine.process.pid})
        os.kill(serving[-1], signal.SIGKILL)
        time.sleep(seconds / 20)


def kill_master(fleet: Fleet, seconds: float) -> None:
    """Kill the parent of a machine's workers, and start another as a supervisor does."""
    machine = fleet.machines[0]
    os.kill(machine.process.pid, signal.SIGKILL)
    machine.process.wait()
    time.sleep(seconds / 10)
    print(f"  workers that outlive their parent: {len(workers(machine))}")
    machine.kill()
    fleet.machines[0] = fleet.start(0).wait()


def restart_database(fleet: Fleet, seconds: float) -> None:
    fleet.database.run("pg_ctl", "restart", "-w", "-mfast", f"-l{fleet.database.folder / 'log'}")


def pause_database(fleet: Fleet, seconds: float) -> None:
    first = (fleet.database.folder / "data" / "postmaster.pid").read_text().split()[0]
    with paused([int(first), *children(int(first))]):
        time.sleep(seconds)


def pause_redis(fleet: Fleet, seconds: float) -> None:
    with paused([fleet.redis.process.pid]):
        time.sleep(seconds * 25 / 60)


@contextmanager
def paused(process_ids: list[int]) -> Iterator[None]:
    for process_id in process_ids:
        os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        for process_id in process_ids:
            os.kill(process_id, signal.SIGCONT)


@contextmanager
def small_disk(case) -> Iterator[Path]:
    """Yield a folder of 64 MB, which needs root."""
    folder = temporary_folder(case)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, seconds: float) -> None:
    """Leave no room in `folder` for a while."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    time.sleep(seconds)
    filler.unlink()
