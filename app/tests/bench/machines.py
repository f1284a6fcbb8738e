"""What more machines bring: `python -m app.tests.bench.machines` drives one, two and three.

Each is a runp.py with one worker, kept to one core as far as there are as many; PostgreSQL, nginx
and those who ask run beside them on all cores, so that on a small computer these are what is
measured. It judges nothing.
"""

import argparse
import os
import time
import unittest
from statistics import quantiles

import psycopg

from app.tests.bench.drills.load import Load
from app.tests.servers.crowds import workers
from app.tests.support.fleet.fleet import SECRET_KEY, Fleet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--members", type=int, default=12, help="who write and read home in turn")
    parser.add_argument("--visitors", type=int, default=36, help="who read what everybody may")
    parser.add_argument("--seconds", type=float, default=20)
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores, {chosen.members} members, {chosen.visitors} visitors")
    for count in chosen.machines:
        # It stands in for the test for whose end the helpers keep what has to be undone.
        case = unittest.TestCase()
        try:
            _drive(case, count, chosen)
        finally:
            case.doCleanups()


def _drive(case: unittest.TestCase, count: int, chosen: argparse.Namespace) -> None:
    fleet = Fleet(case, count, in_own_time=False, RATELIMIT_ENABLED="off")
    cores = sorted(os.sched_getaffinity(0))
    for number, machine in enumerate(fleet.machines):
        for process_id in workers(machine):
            os.sched_setaffinity(process_id, {cores[number % len(cores)]})
    load = Load(
        fleet.origin,
        fleet.database.url,
        SECRET_KEY,
        chosen.members,
        chosen.visitors,
        fleet.nginx.tls,
        pause=0,
    )
    with load:
        time.sleep(chosen.seconds / 2)
        connections = _connections(fleet)
        time.sleep(chosen.seconds / 2)
    done = [o for o in load.outcomes if o.ended < load.began + chosen.seconds]
    failed = [o for o in done if o.has_failed]
    refused = [o for o in done if o.status == 429]
    percentiles = quantiles([o.seconds * 1000 for o in done], n=100)
    print(
        f"{count} machines: {len(done) / chosen.seconds:.0f} requests and "
        f"{len(load.acknowledged) / chosen.seconds:.0f} posts a second, {len(failed)} errors, "
        f"{len(refused)} refused by nginx, median {percentiles[49]:.0f} ms, "
        f"99 of 100 within {percentiles[98]:.0f} ms, {connections} database connections",
        flush=True,
    )


def _connections(fleet: Fleet) -> int:
    """Return how many connections the machines have to the database."""
    url = fleet.database.url.replace("+psycopg", "")
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    with psycopg.connect(url) as connection:
        row = connection.execute(f"{count} AND pid <> pg_backend_pid()").fetchone()
    return row[0] if row else 0


if __name__ == "__main__":
    main()
