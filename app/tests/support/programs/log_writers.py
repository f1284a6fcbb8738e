"""Four processes that write into one log, as a server's workers do."""

import re
import sys

from app.tests.support.programs.processes import START_SECONDS, Process, temporary_folder
from config import basedir

# Of the log and how many lines to write: what becomes four processes, as a server's workers do.
WRITERS = """
import logging, os, sys
from app.failures.redaction import Redactor
from app.failures.log import LogFormatter, file_handler

def write(number, path, lines):
    log = file_handler(path, 32 * 1024, 2000)
    log.setFormatter(LogFormatter(Redactor({})))
    logger = logging.Logger("writer")
    logger.addHandler(log)
    for line in range(int(lines)):
        logger.info("<%s-%d-%s>", number, line, "x" * 40)

for number in range(4):
    if os.fork() == 0:
        write(number, *sys.argv[1:])
        sys.exit()
sys.exit(any([os.wait()[1] for _ in range(4)]))
"""


WRITTEN = re.compile(r"INFO: <(\d)-(\d+)-x{40}> \[in .+\]")


def write_from_four_processes(case, lines: int) -> tuple[set, int, int]:
    """Have `lines` written by each; give who wrote what, how many lines there are, and files."""
    folder = temporary_folder(case)
    path = folder / "shared.log"
    writers = Process(case, sys.executable, "-c", WRITERS, path, lines, cwd=basedir)
    code = writers.process.wait(START_SECONDS)
    assert code == 0, writers.output
    found, count = set(), 0
    files = list(folder.glob("shared.log*"))
    for file in files:
        for line in file.read_text().splitlines():
            count += 1
            if match := WRITTEN.search(line):
                found.add(match.groups())
    return found, count, len(files)
