"""The database as a whole: backed up, restored, moved to another kind."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext

from app.database import copies
from app.database.in_use import InUse
from app.extensions import db
from app.failures import redaction
from config import SettingError, read_settings

file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
# Parts of a bar.
PARTS = 1000


@click.command("backup")
@file_argument
@with_appcontext
def backup(file: Path) -> None:
    """Write all that the database holds to FILE, while the site runs."""
    with _told("Backing up") as progress:
        held = copies.back_up(_own_url(), file, progress)
    click.echo(f"{file} holds {held}.")
    if not os.environ.get("SECRET_KEY"):
        click.echo("Keep tmp/secret_key with it, or everybody has to sign in again.")


@click.command("restore")
@file_argument
@with_appcontext
def restore(file: Path) -> None:
    """Put what the backup FILE holds in the place of the database. The site has to be stopped."""
    with _told("Restoring") as progress:
        held = copies.restore(file, _own_url(), progress)
    click.echo(f"Restored {held}. It is at the newest migration now.")


@click.command("move")
@click.argument("url")
@with_appcontext
def move(url: str) -> None:
    """Copy the database to the empty one at URL. The site has to be stopped."""
    try:
        target = read_settings({**os.environ, "DATABASE_URL": url})["SQLALCHEMY_DATABASE_URI"]
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    with _told("Moving") as progress:
        held = copies.move(_own_url(), sa.make_url(target), progress)
    click.echo(f"Copied {held}. Set DATABASE_URL to that address, and start the site.")


def _own_url() -> sa.URL:
    return sa.make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])


@contextmanager
def _told(label: str) -> Iterator[Callable[[float], None]]:
    """Show how far it is, and turn what goes wrong into a sentence."""
    # Our own connections would be in the way.
    db.session.remove()
    db.engine.dispose()
    try:
        with click.progressbar(length=PARTS, label=label, file=sys.stderr) as bar:
            yield lambda share: bar.update(int(share * PARTS) - bar.pos)
    except (copies.CopyFailed, InUse) as error:
        raise click.ClickException(str(error)) from error
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = redaction.one_line(str(getattr(error, "orig", None) or error).splitlines()[0])
        raise click.ClickException(f"Nothing was changed: {reason}") from error
