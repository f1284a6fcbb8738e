"""SIGTERM for the servers that leave it to the system: Flask's own, waitress."""

import signal
import sys
import threading


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as sys.exit() does, unless it means something already.

    The system would end it on the spot, without what is done at an end: failures that
    wait to be mailed. For scripts alone, since the handler is the whole process's.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame) -> None:
    # A second one does not wait for anything.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.exit(0)
