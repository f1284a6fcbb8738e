"""The first steps of a site, and who keeps order on it."""

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext

from app.cli import site
from app.database import writing
from app.database.upgrade import upgrade
from app.extensions import db
from app.models import Invitation, ReservedName, User
from app.models.joining.invitations import INVITATION_ENDS_AFTER


@click.command("role")
@click.argument("nickname")
@click.argument("role", type=click.Choice(["member", "moderator"]))
@with_appcontext
def role(nickname: str, role: str) -> None:
    """Make NICKNAME a moderator, or a member like all others."""
    with writing() as session:
        user = User.find(nickname)
        if user is None:
            raise click.ClickException(f"There is no user {nickname}.")
        session.execute(sa.update(User).where(User.id == user.id).values(role=role))
        user_id, nickname = user.id, user.nickname
    current_app.logger.info("user %s is a %s by command", user_id, role)
    click.echo(f"{nickname} is a {role} now.")


@click.command("release")
@click.argument("nickname")
@with_appcontext
def release(nickname: str) -> None:
    """Let anybody take NICKNAME again, which is kept since its last owner left."""
    with writing() as session:
        found = ReservedName.release(session, nickname.lower())
    if not found:
        raise click.ClickException(f"No name {nickname} is kept for somebody who left.")
    click.echo(f"Anybody can be {nickname} now.")


@click.command("invite")
@click.option("--moderator", is_flag=True, help="Whoever comes by it is a moderator.")
@with_appcontext
def invite(moderator: bool) -> None:
    """Make an invitation, which lets in one newcomer whatever JOIN says."""
    click.echo(_link("moderator" if moderator else "member", current_app.config["SITE_URL"]))
    click.echo(
        f"It works once, for {INVITATION_ENDS_AFTER.days} days. Please pass it on in private."
    )


@click.command("setup")
@with_appcontext
def setup() -> None:
    """Ask for the address, who can join and the first moderator, and say what to set."""
    upgrade(current_app)
    config = current_app.config
    address = click.prompt("The site's public address", config["SITE_URL"], value_proc=site.origin)
    join = click.prompt(
        "Who can join", config["JOIN"], type=click.Choice(["open", "ask", "invite", "closed"])
    )
    there_is_one = db.session.scalar(sa.select(sa.exists().where(User.role == "moderator")))
    wanted = click.confirm("Make an invitation for a moderator", default=not there_is_one)
    click.echo("\nSet these in the site's environment, and start it:\n")
    click.echo(f"SITE_URL={address}")
    click.echo(f"JOIN={join}")
    if wanted:
        click.echo("\nThen open this in a browser. Whoever joins by it, once, is a moderator:\n")
        click.echo(_link("moderator", address))


def _link(role: str, address: str) -> str:
    return f"{address}/join?invitation={Invitation.make(None, role)}"
