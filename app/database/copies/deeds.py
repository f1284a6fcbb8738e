"""Backing up, restoring and moving: each is a copy that is checked before it is put in place."""

import os
from pathlib import Path

import sqlalchemy as sa

from app.database.copies import postgresql, sqlite
from app.database.copies.contents import Contents, contents, problems
from app.database.copies.copying import CopyFailed, Progress, copy, migrate
from app.database.in_use import unused
from app.database.upgrade import is_known

PLACES = {"sqlite": sqlite, "postgresql": postgresql}


def back_up(url: sa.URL, path: Path, progress: Progress) -> Contents:
    """Write all that the database at `url` holds at one moment to a file; return what that is."""
    if url.get_backend_name() == "sqlite" and _is_same(str(url.database), path):
        raise CopyFailed(f"{path} is the database itself.")
    with sqlite.backup_file(path) as target:
        copy(_place(url).opened(url), target, progress)
        return _checked(target)


def restore(path: Path, url: sa.URL, progress: Progress) -> Contents:
    """Put what a backup holds in the place of the database at `url`; return what the backup held.

    It stands at the newest migration afterwards.
    """
    source = sa.URL.create("sqlite", database=str(path))
    if url.get_backend_name() == "sqlite" and _is_same(str(url.database), path):
        raise CopyFailed(f"{path} is the database itself.")
    return _put(source, url, progress)


def move(source: sa.URL, target: sa.URL, progress: Progress) -> Contents:
    """Copy the database at `source` to an empty one at `target`; return what it holds.

    The one at `source` stays as it is.
    """
    with unused(source):
        if _place(target).is_taken(target):
            raise CopyFailed("There is something in that database already: give an empty one.")
        return _put(source, target, progress)


def _put(source: sa.URL, target: sa.URL, progress: Progress) -> Contents:
    with unused(target):
        read = _place(source).opened(source)
        with read.connect() as connection:
            _require_known(contents(connection))
        with _place(target).staged(target) as staging:
            copy(read, staging, progress)
            found = _checked(staging)
            migrate(staging)
            _checked(staging)
            _place(target).put_in_place(staging, target)
    return found


def _checked(engine: sa.Engine) -> Contents:
    with engine.connect() as connection:
        found, broken = contents(connection), problems(connection)
    if broken:
        raise CopyFailed(f"The copy is broken: {'; '.join(broken)}.")
    _require_known(found)
    return found


def _require_known(found: Contents) -> None:
    if found.revision is None:
        raise CopyFailed("There is no database of this site in it.")
    if not is_known(found.revision):
        raise CopyFailed(
            f"It stands at migration {found.revision}, which this release does not know."
        )


def _place(url: sa.URL):
    return PLACES[url.get_backend_name()]


def _is_same(database: str, path: Path) -> bool:
    return os.path.realpath(database) == os.path.realpath(path)
