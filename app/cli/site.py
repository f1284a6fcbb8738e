"""The site's own address."""

import os

import click
from flask.cli import with_appcontext

from app.provider import address
from config import SettingError, read_settings


@click.command("move")
@click.argument("old_url")
@click.argument("new_url")
@with_appcontext
def move(old_url: str, new_url: str) -> None:
    """Let accounts sign in at NEW_URL as who they were at OLD_URL. The site has to be stopped."""
    old, new = origin(old_url), origin(new_url)
    if not address.has_own(old):
        raise click.ClickException(
            f"No account of this site signs in at {old}; they sign in at {address.carried()}."
        )
    try:
        address.require_unused()
        count = address.move(old, new)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    except address.AddressTaken as error:
        raise click.ClickException(f"Nothing was changed: {error}") from error
    click.echo(f"Moved {count} OpenIDs from {old} to {new}. Start the site with SITE_URL={new}")


def origin(typed: str) -> str:
    """Return an address as SITE_URL has it. Raises UsageError for one that it cannot be."""
    try:
        return read_settings({**os.environ, "SITE_URL": typed})["SITE_URL"]
    except SettingError as error:
        raise click.UsageError(str(error)) from None
