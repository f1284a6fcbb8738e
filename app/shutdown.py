"""The end of a process: what is still to be done then, and the signal that announces it."""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize

_last_deeds: list[Callable[[], None]] = []
# A child has deeds of its own.
os.register_at_fork(after_in_child=_last_deeds.clear)
_is_ending = threading.Event()


def at_end(deed: Callable[[], None]) -> Callable[[], None]:
    """Have `deed` done when this process ends; it may be called twice, and soon before the end.

    Returns a function that takes this back.
    """
    # granian's workers end without atexit, and what else ends without finalizers
    # of multiprocessing has that.
    finalizer = Finalize(None, deed, exitpriority=10)
    atexit.register(deed)
    _last_deeds.append(deed)
    if _is_ending.is_set():
        threading.Thread(target=deed, daemon=True).start()

    def cancel() -> None:
        finalizer.cancel()
        atexit.unregister(deed)
        if deed in _last_deeds:
            _last_deeds.remove(deed)

    return cancel


def end_with(parent: BaseProcess, seconds: float) -> None:
    """End this process when `parent` does, as by SIGTERM, and after `seconds` in any case.

    A worker without its master would serve on beside those of the next one.
    """
    threading.Thread(target=_await_end, args=(parent, seconds), name="parent", daemon=True).start()


def _await_end(parent: BaseProcess, seconds: float) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(seconds)
    os._exit(1)


def heed_sigterm() -> None:
    """Do what is to be done at the end as soon as SIGTERM comes, whoever handles it.

    For a process that then waits for its requests, and may be killed before they are done.
    Call it in the main thread.
    """
    receiving, sending = os.pipe()
    os.set_blocking(sending, False)
    # Python writes the number of every signal there that has a handler.
    signal.set_wakeup_fd(sending, warn_on_full_buffer=False)
    threading.Thread(target=_await_sigterm, args=(receiving,), name="end", daemon=True).start()


def _await_sigterm(receiving: int) -> None:
    while os.read(receiving, 1) != bytes([signal.SIGTERM]):
        pass
    _is_ending.set()
    for deed in list(_last_deeds):
        deed()


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
