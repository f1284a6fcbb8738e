"""Commands for whoever runs the site: `flask --help` lists them."""

import logging

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from openid.consumer.discover import DiscoveryFailure, discover
from openid.fetchers import HTTPFetchingError

from app.openid import fetcher
from app.openid.store import DatabaseStore

openid_commands = AppGroup("openid", help="Look after sign-in with OpenID.")


def init_app(app: Flask) -> None:
    app.cli.add_command(openid_commands)


@openid_commands.command("check")
@click.argument("url", required=False)
def check(url: str | None) -> None:
    """Ask each provider of the sign-in page, or URL, whether it still answers."""
    # The library's own words would stand between the lines of the answer.
    logging.getLogger("openid").setLevel(logging.CRITICAL)
    # Any username will do where one belongs in the address: most providers answer
    # for accounts that do not exist as they do for those that do.
    urls = [url] if url else [p["url"] for p in current_app.config["OPENID_PROVIDERS"]]
    alive = [_is_alive(url.replace("<username>", "example")) for url in urls]
    raise SystemExit(0 if all(alive) else 1)


def _is_alive(url: str) -> bool:
    with fetcher.step() as step:
        try:
            _, services = discover(url)
        except (DiscoveryFailure, HTTPFetchingError) as error:
            click.echo(f"{url}: no answer: {step.failure or error}")
            return False
    if not services:
        click.echo(f"{url}: answers, but is no OpenID")
        return False
    for service in services:
        click.echo(f"{url}: alive, {service.server_url} ({', '.join(service.type_uris)})")
    return True


@openid_commands.command("cleanup")
def cleanup() -> None:
    """Remove associations and nonces that have expired."""
    nonces, associations = DatabaseStore().cleanup()
    click.echo(f"Removed {nonces} nonces and {associations} associations.")
