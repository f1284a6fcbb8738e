"""What failures cost: `python -m app.tests.bench.failures` prints it and judges nothing.

The response time of a page that fails, with the mail server up, down and a tarpit; the
mails that a thousand failures make; and the log, written by four processes.
"""

import statistics
import time
import unittest

from app import create_app
from app.database.upgrade import upgrade
from app.tests.support.base import SITE, settings
from app.tests.support.failures import add_failing_pages
from app.tests.support.programs.log_writers import write_from_four_processes
from app.tests.support.programs.mail import Tarpit, mail_server, mail_settings
from app.tests.support.programs.processes import free_port, temporary_folder

FAILURES = 1000
LINES_EACH = 25_000


def main() -> None:
    # It stands in for the test for whose end the helpers keep what has to be undone.
    case = unittest.TestCase()
    try:
        box = mail_server(case)
        for name, port in (
            ("up", box.port),
            ("down", free_port()),
            ("a tarpit", Tarpit(case).port),
        ):
            _meet_failures(case, name, port)
        print(
            f"mails for {FAILURES} failures, the summary at the end included: {box.letters.qsize()}"
        )
        began = time.perf_counter()
        found, count, files = write_from_four_processes(case, LINES_EACH)
        seconds = time.perf_counter() - began
        print(
            f"log, 4 processes with {LINES_EACH} lines each: {len(found)} whole lines of {count} "
            f"in {files} files, {seconds:.1f} s"
        )
    finally:
        case.doCleanups()


def _meet_failures(case: unittest.TestCase, name: str, port: int) -> None:
    folder = temporary_folder(case)
    app = create_app(
        **settings(
            LOG_FILE=str(folder / "microblog.log"),
            TESTING=False,
            PROPAGATE_EXCEPTIONS=False,
            **mail_settings(port),
        )
    )
    upgrade(app)
    add_failing_pages(app)
    client = app.test_client()
    times = []
    for _ in range(FAILURES):
        began = time.perf_counter()
        client.get("/fail", base_url=SITE)
        times.append(time.perf_counter() - began)
    app.extensions["mail"].finish()
    middle, slow = statistics.median(times), statistics.quantiles(times, n=100)[98]
    print(
        f"mail server {name}: median {middle * 1000:.2f} ms, "
        f"99th percentile {slow * 1000:.2f} ms, longest {max(times) * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
