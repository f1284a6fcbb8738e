"""Commands for whoever runs the site: `flask --help` lists them."""

import contextlib
import logging
import smtplib
from collections.abc import Iterator
from urllib.parse import urlencode

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from openid.consumer.discover import DiscoveryFailure, discover
from openid.fetchers import HTTPFetchingError
from openid.message import OPENID2_NS
from openid.yadis import xri

from app.cli import accounts, check, database, joining, moderation, notifications, site, users
from app.cli.demo import filling as demo
from app.database import end_transaction, writing
from app.database.engine import unhurried
from app.database.upgrade import upgrade
from app.failures import redaction
from app.mail import letters, smtp
from app.models import Post
from app.openid import fetcher
from app.openid.store import DatabaseStore
from app.web import access


@with_appcontext
def bring_up_to_date() -> None:
    upgrade(current_app)
    # Nobody waits for a command but the one who gave it.
    click.get_current_context().with_resource(unhurried())


def group(name: str, help: str) -> AppGroup:
    return AppGroup(name, help=help, callback=bring_up_to_date)


openid_commands = group("openid", "Look after sign-in with OpenID.")
user_commands = group("user", "Look after users.")
post_commands = group("post", "Look after posts.")
notification_commands = group("notifications", "Look after letters about notifications.")
notification_commands.add_command(notifications.send)
mail_commands = AppGroup("mail", help="Look after failure mail.")
account_commands = group("account", "Look after accounts of this site's own provider.")
moderation_commands = group("moderation", "Keep order, above the moderators.")
moderation_commands.add_command(moderation.waiting)
moderation_commands.add_command(moderation.decide)
site_commands = group("site", "Look after the site's address.")
site_commands.add_command(site.move)
database_commands = AppGroup("database", help="Look after the database as a whole.")
database_commands.add_command(database.move)


def init_app(app: Flask) -> None:
    for command in (*users.commands, joining.role, joining.release, joining.invite):
        user_commands.add_command(command)
    for command in (accounts.listing, accounts.remove, accounts.reset):
        account_commands.add_command(command)
    for command in (
        site.announce,
        openid_commands,
        user_commands,
        post_commands,
        account_commands,
        moderation_commands,
        mail_commands,
        database_commands,
        site_commands,
        database.backup,
        database.restore,
        notification_commands,
        check_settings,
        users.stats,
        demo.demo,
        joining.setup,
    ):
        app.cli.add_command(command)


@click.command("check")
@with_appcontext
def check_settings() -> None:
    """Print who may do what, what is unsafe about settings and files, and what does not answer."""
    for line in access.in_words(current_app.config):
        click.echo(line)
    warnings = check.warnings(current_app)
    for line in warnings:
        click.echo(line)
    raise SystemExit(1 if warnings else 0)


@mail_commands.command("test")
def test_mail() -> None:
    """Send a mail to ADMINS, and say what the mail server answered."""
    config = current_app.config
    if not config["ADMINS"]:
        raise click.ClickException("ADMINS is empty: there is nobody to send a mail to.")
    server = f"{config['MAIL_SERVER'] or smtp.DEFAULT_SERVER}:{config['MAIL_PORT']}"
    text = f"{config['SITE_URL']} can send you mail. You will hear of its failures.\n"
    try:
        letter = letters.letter(config, config["ADMINS"], "test", text)
        answer = smtp.send(config, letter)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise click.ClickException(
            f"{server} did not take the mail: {redaction.one_line(str(error) or repr(error))}"
        ) from error
    click.echo(f"{server} answered: {redaction.one_line(answer)}")
    click.echo(f"A mail is on its way to {', '.join(config['ADMINS'])}.")


@openid_commands.command("check")
@click.argument("url", required=False)
def check_openid(url: str | None) -> None:
    """Ask each provider of the sign-in page, or URL, whether it still answers."""
    # Any username will do where one belongs in the address: a provider that answers
    # for nobody of that name is alive all the same.
    urls = [url] if url else [p["url"] for p in current_app.config["OPENID_PROVIDERS"]]
    with _silent(logging.getLogger("openid")):
        alive = [_is_alive(url.replace("<username>", "example")) for url in urls]
    raise SystemExit(0 if all(alive) else 1)


@contextlib.contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    # The library's own words would stand between the lines of the answer.
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _is_alive(url: str) -> bool:
    """Return whether providers of an OpenID at `url` answer, and print what is there."""
    end_transaction()
    shown = redaction.one_line(url)
    if xri.identifierScheme(url) == "XRI":
        click.echo(f"{shown}: is no web address, and nobody looks up other names any more")
        return False
    with fetcher.step() as step:
        try:
            _, services = discover(url)
        except (DiscoveryFailure, HTTPFetchingError) as error:
            click.echo(f"{shown}: no answer: {redaction.one_line(str(step.failure or error))}")
            return False
        except Exception as error:  # The library raises whatever its parsers do.
            click.echo(f"{shown}: cannot be an OpenID: {redaction.one_line(str(error))}")
            return False
    if not services:
        click.echo(f"{shown}: answers, but is no OpenID")
        return False
    endpoints = dict.fromkeys(service.server_url for service in services)
    problems = {endpoint: _problem_of(endpoint) for endpoint in endpoints}
    for service in services:
        problem = problems[service.server_url]
        state = f"not alive, {problem}" if problem else "alive"
        click.echo(f"{shown}: {state}, {service.server_url} ({', '.join(service.type_uris)})")
    return not any(problems.values())


def _problem_of(endpoint: str) -> str | None:
    """Ask a provider's endpoint to check an answer; return what is wrong when it does not."""
    # Every provider has to answer that it is not valid (OpenID 2.0, 11.4.2), and keeps nothing.
    question = {
        "openid.ns": OPENID2_NS,
        "openid.mode": "check_authentication",
        "openid.assoc_handle": "none",
        "openid.signed": "mode",
        "openid.sig": "none",
    }
    with fetcher.step():
        try:
            status = fetcher.Fetcher().fetch(endpoint, urlencode(question)).status
        except fetcher.FetchError as error:
            return redaction.one_line(str(error))
    return f"it answers {status}" if status in {404, 410} or status >= 500 else None


@openid_commands.command("cleanup")
def cleanup() -> None:
    """Delete nonces that have expired."""
    click.echo(f"Removed {DatabaseStore().cleanupNonces()} nonces.")


@post_commands.command("remove")
@click.argument("post_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
def delete_post(post_id: int) -> None:
    """Delete the post ID."""
    with writing() as session:
        row = sa.delete(Post).where(Post.id == post_id).returning(Post.id)
        found = session.scalar(row) is not None
    if not found:
        raise click.ClickException(f"There is no post {post_id}.")
    click.echo(f"Removed post {post_id}.")
