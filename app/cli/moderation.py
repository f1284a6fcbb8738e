"""What the keeper of the machine decides, about moderators too."""

import re

import click

from app.failures import redaction
from app.models import Thing
from app.models.moderation import decisions
from app.models.moderation.actions import MAX_REASON
from app.models.moderation.decisions import DEEDS, MAX_DAYS, OF_POSTS, Decision, Impossible
from app.queries import moderation


@click.command("waiting")
def waiting() -> None:
    """List the reports and the answers to suspensions that wait, also those about moderators."""
    found = moderation.waiting_for(0)
    for row in found.reports:
        thing = row.nickname if row.post_id is None else f"post:{row.post_id}"
        said = redaction.one_line(f"{row.choice}: {row.sentence} ({row.body})")
        click.echo(f"{thing}: reported {row.count} times, {row.role} {row.nickname}, {said}")
    for row in found.appeals:
        click.echo(f"{row.nickname}: answers a suspension: {redaction.one_line(row.appeal)}")
    for newcomer in found.newcomers:
        said = redaction.one_line(newcomer.reason)
        click.echo(f"{newcomer.nickname}: would like to join: {said}")
    if not found.total:
        click.echo("Nothing waits.")


@click.command("decide")
@click.argument("kind", type=click.Choice(list(DEEDS)))
@click.argument("thing")
@click.argument("reason")
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="Suspend so long, not for good.")
def decide(kind: str, thing: str, reason: str, days: int | None) -> None:
    """Decide about THING, a nickname or post:NUMBER, for a REASON that everybody can read."""
    if not reason.strip() or len(reason) > MAX_REASON:
        raise click.ClickException(f"Please give a reason of at most {MAX_REASON} characters.")
    found = _thing(kind, thing)
    try:
        decisions.decide(Decision(kind, found, reason.strip(), days), None)
    except Impossible as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo("Done. It stands in the log.")


def _thing(kind: str, text: str) -> Thing:
    number = re.fullmatch("post:(-?[0-9]{1,18})", text)
    case = moderation.case_of_post(int(number[1])) if number else moderation.case_of_user(text)
    if case is None:
        raise click.ClickException(f"There is no {redaction.one_line(text)}.")
    if kind in OF_POSTS and case.thing.post_id is None:
        raise click.ClickException(f"{kind} is about a post: please give it as post:NUMBER.")
    return case.thing
