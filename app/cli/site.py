"""The site as a whole: its address, and what its keeper says to everybody."""

import os
import secrets

import click
from flask.cli import with_appcontext

from app.provider import address
from app.views.site import announcement
from app.views.site.announcement import MAX_ANNOUNCEMENT
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


@click.command("announce")
@click.argument("text", required=False)
@click.option("--withdraw", is_flag=True, help="Announce nothing any more.")
@with_appcontext
def announce(text: str | None, withdraw: bool) -> None:
    """Show TEXT, one line, on every page; without it, say what is announced."""
    path = announcement.path()
    try:
        if withdraw:
            path.unlink(missing_ok=True)
        elif text is not None:
            text = text.strip()
            if not text or len(text) > MAX_ANNOUNCEMENT or not text.isprintable():
                raise click.UsageError(
                    f"An announcement is one line of at most {MAX_ANNOUNCEMENT} characters."
                )
            # A page sees the one before or all of this one.
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            draft.write_text(text, "utf-8")
            os.replace(draft, path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
    found = announcement.standing()
    click.echo(f"Announced on every page: {found.text}" if found else "Nothing is announced.")
