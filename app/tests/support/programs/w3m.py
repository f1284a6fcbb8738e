"""The text browser w3m, in a terminal of its own, with somebody at the keys."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from app.tests.support.programs.processes import (
    START_SECONDS,
    clean_up_of,
    environment,
    temporary_folder,
)

# Tall enough for any page that is walked through, so that w3m shows all of it at once.
ROWS, COLUMNS = 200, 80
CLEAR, STATUS = b"\x1b[2J", re.compile(rb"Viewing <.*>")
LOOK = re.compile(r"\x1b\[[0-9;?]*[hlmrs]|\x1b[()].")
MOVE = re.compile(r"\x1b\[[0-9;]*[A-Z]|\s+")


class W3m:
    """It runs until `case`, a test, is done; `screen` is what it shows, its lines run together."""

    def __init__(self, case, url: str):
        self.terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            ["w3m", "-cookie", "-o", "ignorecase_search=0", "-I", "UTF-8", "-O", "UTF-8", url],
            env=environment(temporary_folder(case), TERM="xterm"),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        clean_up_of(case)(self._end)
        self._read()

    def go(self, url: str) -> None:
        self.type(f"U\x15{url}\n")

    def press(self, words: str) -> None:
        """Look further down for a link or a button, and press it."""
        self.type(f"/{words}\n\n")

    def fill(self, label: str, text: str) -> None:
        """Type into the first field after a label further down, in place of what it holds."""
        self.type(f"/{label}\n\t\n\x15{text}\n")

    def type(self, keys: str) -> None:
        """Type keys of w3m, and then the one that has it show all of the page anew."""
        os.write(self.terminal, keys.encode() + b"\x0c")
        self._read()

    def _read(self) -> None:
        # It answers keys one after the other. What it shows anew begins with an empty screen and
        # ends with the line at the bottom.
        deadline, shown = time.monotonic() + START_SECONDS, b""
        while not STATUS.search(shown.partition(CLEAR)[2]):
            left = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([self.terminal], [], [], left)
            if not ready:
                raise AssertionError(f"w3m shows no page:\n{shown.decode(errors='replace')}")
            shown += os.read(self.terminal, 65_536)
        text = LOOK.sub("", shown.partition(CLEAR)[2].decode(errors="replace"))
        self.screen = " ".join(MOVE.sub(" ", text).split())

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
