"""Accounts of this site's own provider, as the keeper of the machine sees them."""

import secrets

import click
import sqlalchemy as sa

from app.cli.output import json_option, table
from app.extensions import db
from app.models import Identity, User, endings
from app.provider import letters
from app.provider.models import Account, AccountSignIn
from app.provider.second_factor import changes


@click.command("list")
@click.argument("part", default="")
@json_option
def listing(part: str, as_json: bool) -> None:
    """List accounts, the oldest first, or those whose username has PART in it."""
    identifier = sa.literal(endings.own_identifier("")) + Account.username_key
    browsers = sa.select(sa.func.count()).where(AccountSignIn.account_id == Account.id)
    rows = (
        sa.select(
            Account.id,
            Account.username,
            User.nickname.label("user"),
            browsers.scalar_subquery().label("browsers"),
        )
        .outerjoin(Identity, Identity.identifier == identifier)
        .outerjoin(User, User.id == Identity.user_id)
        .where(Account.deleted.is_(None))
        .order_by(Account.id)
    )
    if part:
        rows = rows.where(Account.username_key.contains(part.lower(), autoescape=True))
    table([dict(row) for row in db.session.execute(rows).mappings()], as_json)


@click.command("remove")
@click.argument("username")
def remove(username: str) -> None:
    """Delete the account USERNAME; its name stays taken. Its user here needs another OpenID."""
    account = found(username)
    if not account.delete():
        user = User.of_identifier(account.identifier)
        nickname = user.nickname if user else username
        raise click.ClickException(
            f"{nickname} signs in with it alone: remove the user first, by "
            f"`flask user remove {nickname}`."
        )
    click.echo(f"Removed the account {username}.")


@click.command("reset")
@click.argument("username")
def reset(username: str) -> None:
    """Set a new password for the account USERNAME, and sign it out everywhere."""
    account = found(username)
    password = secrets.token_urlsafe(12)
    account.set_password(password)
    letters.password_changed(account)
    # Only now: the password until then may be known to whoever the owner wants to be rid of.
    was_on = changes.turn_off(account)
    click.echo(f"The new password of {account.username} is {password}")
    if was_on:
        click.echo("No code is asked for after it any more, until its owner sets that up again.")
    click.echo("Please pass it on in private, and ask its owner to change it.")


def found(username: str) -> Account:
    """Return the account of this username. Raises ClickException."""
    account = Account.find(username)
    if account is None:
        raise click.ClickException(f"There is no account {username}.")
    return account
