"""The production server: debug off, WORKERS processes. Other WSGI servers take `runp:app`."""

import gc
import multiprocessing
import signal
import socket

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from app import create_app
from app.database.in_use import announce
from app.database.upgrade import upgrade
from app.failures.handlers import logged_start
from app.provider.address import settle
from app.shutdown import end_on_sigterm, end_with, heed_sigterm
from config import MAX_THREADS, SettingError

# More than MAIL_FINISH_SECONDS of config.py.
KILL_SECONDS = 3


def refuse_taken_port(address: str, port: int) -> None:
    """Raise SettingError when another program listens there, which granian would share it with."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as trial:
        # Connections of the server before, which has ended, keep nobody out.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
            trial.listen()
        except OSError as error:
            raise SettingError(
                f"PORT: nobody can listen at {address}, port {port}: {error.strerror}."
            ) from error


def listening_address(host: str) -> str:
    """Return the IP address of `host`: granian takes no names.

    Raises SettingError when nobody has that name.
    """
    bare = host.strip("[]")
    if ":" in bare:
        return bare
    try:
        return socket.gethostbyname(bare)
    except OSError as error:
        raise SettingError(f"HOST: {bare} is no address of this machine: {error}.") from error


master = multiprocessing.parent_process()
if master is not None:
    # A worker, still with the handlers of the process that forked it: those would
    # swallow a SIGTERM that comes before it serves. Ctrl-C reaches workers twice, from
    # the terminal and as their parent's SIGTERM, and the second is enough.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # It waits for its requests then, but is killed if that takes too long.
    heed_sigterm()
    end_with(master, KILL_SECONDS)
else:
    # granian and gunicorn put handlers of their own in its place.
    end_on_sigterm()

app = create_app()
upgrade(app)
if master is None:
    # Once for all workers: one that is replaced later has the same settings.
    settle(app)
announce(app)
# It stays. Not looking through it for garbage spares every request, and keeps memory shared
# with workers that are forked from here.
gc.freeze()

if __name__ == "__main__":
    with logged_start(app):
        address = listening_address(app.config["HOST"])
        refuse_taken_port(address, app.config["PORT"])
    print(f"Microblog is at {app.config['SITE_URL']}", flush=True)
    Granian(
        "runp:app",
        address=address,
        port=app.config["PORT"],
        workers=app.config["WORKERS"],
        interface=Interfaces.WSGI,
        log_level=LogLevels.error,
        blocking_threads=MAX_THREADS,
        # A worker that dies is replaced, and one that does not end in time is killed.
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
    ).serve()
