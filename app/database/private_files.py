"""Files that are for the site's own account alone, whatever the umask says."""

import contextlib
import os
import stat
from pathlib import Path

from config import basedir

# Beside the database itself: SQLite's two, the locks of a start and of processes that serve.
# SQLite gives its own the mode of the database.
BESIDE = ("", "-wal", "-shm", ".lock", ".serving")
OTHERS = 0o077


def prepare(path: Path) -> None:
    """Make an empty file unless there is one, which is closed to others if it is ours."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    keep_private(path)


def prepare_database(path: str) -> None:
    """Do as prepare() does with a SQLite database, and close what belongs to it to others."""
    prepare(Path(path))
    for ending in BESIDE[1:]:
        keep_private(Path(path + ending))


def keep_private(path: Path) -> None:
    """Take a regular file of our own from everybody else; leave alone whatever is not one.

    The file is not opened for it: closing a second handle on a database would drop the locks
    that SQLite holds for this process (sqlite.org/howtocorrupt.html, 2.2).
    """
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(path)
        if _is_shared(found) and found.st_uid == os.geteuid():
            os.chmod(path, stat.S_IMODE(found.st_mode) & ~OTHERS)


def shared(database: str | None) -> list[Path]:
    """Return the files that others may read or write, of those that should be private.

    They are those of the SQLite database at `database`, if there is one, the secret key, and
    backups that have README's names.
    """
    candidates = [basedir / "tmp" / "secret_key"]
    folders = {basedir}
    if database is not None:
        candidates += [Path(f"{database}{ending}") for ending in BESIDE]
        folders.add(Path(database).parent)
    for folder in sorted(folders):
        candidates += sorted(folder.glob("backup.*"))
    found = []
    for path in candidates:
        with contextlib.suppress(OSError):
            if _is_shared(os.stat(path)):
                found.append(path)
    return found


def _is_shared(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & OTHERS)
