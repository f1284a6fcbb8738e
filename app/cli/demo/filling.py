"""People, follows and posts that look like a community's, to try the site with."""

import random
import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import click
import sqlalchemy as sa
from flask import current_app

from app.cli.demo.conversations import Draft, Talk
from app.cli.demo.voices import VOICES
from app.database import now, writing
from app.database.engine import unhurried
from app.database.upgrade import upgrade
from app.extensions import db
from app.models import Identity, User, followers, nicknames
from app.models.posts import contents
from app.models.posts.post import Mention, Post, Tag
from app.provider.models import Account

# Rows of one transaction; others may write between two of them.
CHUNK = 1000
DAYS = 120

GIVEN = (
    "ada agnes aiko alba amir anna anton ayo bea ben bruno carla chen clara dana david diego dora "
    "edith elif emil emma enzo erik esther eva farid felix finn freya gita grace hana hugo ida "
    "igor ines iris ivan jack jana jonas julia kai karin kofi lara lea leo lin lucia luis maja "
    "malik marco maria mary mia mila nadia nils nina noor olga omar oscar otto paula pia priya "
    "ravi rosa ruth sami sara simon sofia susan tara tim tomas uma vera victor wanda yara yuki zoe"
).split()
ADDED = (
    "baker bell birch brook cole dale fern field finch fox frost gray hill holm hope kraft lake "
    "lane lund marsh may moon moss north park pine rain reed rose sand silva snow star stone sun "
    "vale west wild winter wolf wood"
).split()


@click.command("demo")
@click.option("--users", "people", default=24, type=click.IntRange(1, 100_000), show_default=True)
@click.option("--posts", default=480, type=click.IntRange(0, 10_000_000), show_default=True)
@click.option("--seed", default=1, show_default=True, help="Another seed, another community.")
def demo(people: int, posts: int, seed: int) -> None:
    """Fill the database with made-up people and posts, and say how to sign in as one of them."""
    upgrade(current_app)
    click.get_current_context().with_resource(unhurried())
    with click.progressbar(length=people + posts, label="Making", file=sys.stderr) as bar:
        user_id, nickname = fill(people, posts, random.Random(seed), bar.update)
    click.echo(f"Made {people} users and {posts} posts.")
    if current_app.config["PROVIDER"] == "off":
        click.echo("PROVIDER is off, so there is no account to sign in with.")
        return
    username, password = open_account(user_id, nickname)
    click.echo(f"To read as {nickname}, sign in on {_site()}/login:")
    click.echo(f"username {username}\npassword {password}")


def fill(people: int, posts: int, rng: random.Random, note=lambda count: None) -> tuple[int, str]:
    """Write users, follows and posts; return the id and nickname of one user, who follows others.

    `note` is told how many rows have been added. What is in the database already stays
    as it is.
    """
    names = _new_nicknames(people, rng)
    ids: list[int] = []
    for chunk in _chunks(names):
        rows = [_user(nickname, rng) for nickname in chunk]
        with writing() as session:
            insert = sa.insert(User).returning(User.id, sort_by_parameter_order=True)
            ids += session.scalars(insert, rows)
        note(len(rows))
    # A few are known to everybody; all write about as often.
    weights = [rng.paretovariate(1.2) for _ in ids]
    _follow(ids, weights, rng)
    talk = iter(Talk(list(zip(ids, names, strict=True)), rng))
    times = _times(posts, rng)
    for start in range(0, posts, CHUNK):
        chunk = times[start : start + CHUNK]
        _write(_drafts(chunk, talk, rng))
        note(len(chunk))
    return ids[0], names[0]


def open_account(user_id: int, nickname: str) -> tuple[str, str]:
    """Let a made-up user sign in at our own provider; return the username and the password."""
    username, number = nickname, 1
    while Account.is_taken(username):
        number += 1
        username = f"{nickname[:50]}{number}"
    password = secrets.token_urlsafe(12)
    account = Account.join(username, password, None)
    # Addresses are made for requests, and a command has none.
    with current_app.test_request_context(base_url=_site()):
        identifier = account.identifier
    with writing() as session:
        session.add(Identity(identifier=identifier, user_id=user_id))
    return username, password


# Only then are the ids of both known.
REPLY = (
    sa.update(Post)
    .where(Post.id == sa.bindparam("of"))
    .values(reply_to_id=sa.bindparam("answered"), thread_id=sa.bindparam("root"))
)


def _chunks(rows: Sequence) -> Iterator[Sequence]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _site() -> str:
    return current_app.config["SITE_URL"]


def _new_nicknames(count: int, rng: random.Random) -> list[str]:
    """Return so many nicknames that nobody has."""
    taken = set(db.session.scalars(sa.select(User.nickname_key))) | nicknames.RESERVED
    names = [name for name, _ in VOICES if name not in taken][:count]
    taken.update(names)
    while len(names) < count:
        name = rng.choice(GIVEN)
        if rng.random() < 0.7:
            name += rng.choice(("", "_", ".", "-")) + rng.choice(ADDED)
        if rng.random() < 0.2:
            name = name.title()
        # The more there are, the likelier a number.
        if name.lower() in taken:
            name += str(rng.randrange(2, 100 + 10 * len(names)))
        if name.lower() not in taken:
            taken.add(name.lower())
            names.append(name)
    return names


def _user(nickname: str, rng: random.Random) -> dict:
    return {
        "nickname": nickname,
        "nickname_key": nickname.lower(),
        # Nobody's address, so that no stranger's picture turns up.
        "email": None,
        "about_me": dict(VOICES).get(nickname, ""),
        "last_seen": now() - timedelta(minutes=rng.expovariate(1 / 5000)),
        "avatar_seed": f"{rng.getrandbits(128):032x}",
    }


def _follow(ids: list[int], weights: list[float], rng: random.Random) -> None:
    """Let everybody follow some, the first user a good many."""
    for chunk in _chunks(ids):
        followed = {}
        for user_id in chunk:
            count = 60 if user_id == ids[0] else min(60, int(rng.paretovariate(1) * 5))
            chosen = set(rng.choices(ids, weights, k=count)) - {user_id}
            followed[user_id] = sorted(chosen)
        rows = [{"follower_id": a, "followed_id": b} for a in chunk for b in followed[a]]
        if rows:
            with writing() as session:
                session.execute(sa.insert(followers), rows)


def _times(count: int, rng: random.Random) -> list[datetime]:
    """Return so many instants in order, none before the newest post: ids tell their order."""
    end = now()
    newest = db.session.scalar(sa.select(Post.timestamp).order_by(Post.id.desc()).limit(1))
    start = max(end - timedelta(days=DAYS), newest or end - timedelta(days=DAYS))
    span = max(end - start, timedelta(0))
    return [start + span * share for share in sorted(rng.random() for _ in range(count))]


class _Written(NamedTuple):
    time: datetime
    draft: Draft
    # Where in the same chunk what it answers stands, and what began its conversation.
    answers: int | None
    root: int


def _drafts(
    times: list[datetime], talk: Iterator[list[Draft]], rng: random.Random
) -> list[_Written]:
    """Return what is written at these times: each conversation in its order, between others."""
    waiting: list[tuple[list[Draft], list[int]]] = []
    written: list[_Written] = []
    for left in range(len(times), 0, -1):
        # One that has begun is ended in time, for its answers stand with what they answer.
        unsaid = sum(len(drafts) for drafts, _ in waiting)
        if unsaid < left and (not waiting or rng.random() < 0.5):
            begun = next(talk)
            waiting.append((begun[: left - unsaid], []))
        drafts, places = rng.choice(waiting)
        draft = drafts.pop(0)
        places.append(len(written))
        answers = None if draft.answers is None else places[draft.answers]
        written.append(_Written(times[len(times) - left], draft, answers, places[0]))
        waiting = [one for one in waiting if one[0]]
    return written


def _write(written: list[_Written]) -> None:
    """Write the posts of one chunk, with their tags and mentions."""
    rows = [
        {
            "user_id": one.draft.author,
            "timestamp": one.time,
            # Now and then somebody has found a better word.
            "edited": min(now(), one.time + timedelta(minutes=30)) if n % 31 == 30 else None,
            "body": one.draft.body,
        }
        for n, one in enumerate(written)
    ]
    with writing() as session:
        insert = sa.insert(Post).returning(Post.id, sort_by_parameter_order=True)
        ids = session.scalars(insert, rows).all()
        replies = [
            {"of": post_id, "answered": ids[one.answers], "root": ids[one.root]}
            for post_id, one in zip(ids, written, strict=True)
            if one.answers is not None
        ]
        if replies:
            session.connection().execute(REPLY, replies)
        bodies = [(post_id, one.draft.body) for post_id, one in zip(ids, written, strict=True)]
        tags = [
            {"post_id": i, "name": name} for i, body in bodies for name in contents.tags_of(body)
        ]
        mentions = [
            {"post_id": i, "nickname_key": key}
            for i, body in bodies
            for key in contents.mentions_in(body)
        ]
        for model, found in ((Tag, tags), (Mention, mentions)):
            if found:
                session.execute(sa.insert(model), found)
