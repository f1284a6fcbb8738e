"""What pages cost, on data of its own: `python -m app.tests.bench.pages --help`.

It asserts nothing: machines differ. Every number stands beside what it should reach.

CPU is told as a multiple of the bare page of bare.py: a template of the same 25
posts in memory, as one would write it first. Home and others do three SELECTs, sessions,
forms, mentions and tags on top of that. "warm" is a site where posts are read more than
once, "cold" makes the links of every text anew; "ready", for the curious, is a template
of values that are ready and has no number to reach.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from operator import truediv
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from flask import Flask, current_app
from werkzeug.test import EnvironBuilder

from app import create_app, db
from app.cli.demo import filling as demo
from app.database import writing
from app.database.engine import unhurried
from app.database.upgrade import upgrade
from app.models import Block, Post, User, followers
from app.queries import timelines
from app.queries.pagination import PAGE_SIZE
from app.tests.bench.bare import bare_app, require_same_words
from app.tests.bench.conversations import measure_conversation
from app.tests.bench.queries import FOLLOWED, measure_queries, row
from app.tests.bench.search import measure_search
from app.tests.support import base
from app.tests.support.base import SITE, Browser
from app.tests.support.reading import selects

FEWEST_POSTS = 5000
PARTS = ("selects", "cpu", "home", "deep", "talk", "search")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--posts", nargs="+", type=int, default=[10**4, 10**5, 10**6])
    parser.add_argument("--requests", type=int, default=40, help="of each page, in each round")
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    if min(chosen.posts) < FEWEST_POSTS:
        parser.error(f"--posts must be at least {FEWEST_POSTS}, so that every page is full")
    urls = {}
    with tempfile.TemporaryDirectory(prefix="microblog-bench-") as folder:
        urls["SQLite"] = f"sqlite:///{Path(folder, 'bench.db')}"
        if os.environ.get("TEST_DATABASE_URL"):
            urls["PostgreSQL"] = base.database_url()
        for name, url in urls.items():
            print(f"== {name}")
            app = create_app(**base.settings(DATABASE_URL=url))
            upgrade(app)
            with app.app_context(), unhurried():
                measure(app, chosen)
                db.session.remove()
                db.engine.dispose()


def measure(app: Flask, chosen: argparse.Namespace) -> None:
    if "selects" in chosen.only:
        count_selects(app)
    if "cpu" in chosen.only:
        empty()
        measure_cpu(app, chosen.requests, chosen.rounds)
    if {"home", "deep", "talk"} & set(chosen.only):
        empty()
        authors, reader = measure_queries(sorted(chosen.posts), chosen.only)
        if "talk" in chosen.only:
            measure_conversation(authors, reader)
    if "search" in chosen.only:
        empty()
        measure_search(sorted(chosen.posts))


def empty() -> None:
    with writing() as session:
        for table in reversed(db.metadata.sorted_tables):
            session.execute(table.delete())


# SELECTs


def count_selects(app: Flask) -> None:
    """Print the SELECTs of each page with 1 and with 25 posts by as many authors."""
    user = {key: User.sign_up(f"https://{key}.example/", key, None) for key in ("john", "susan")}
    user["john"].follow(user["susan"])
    first = user["susan"].write("tea #tea @john")
    paths = ["/", "/explore", "/user/susan", f"/post/{first.id}", "/tag/tea"]
    paths += ["/search?q=tea", "/search/people?q=person"]
    readers = [(path, user["john"]) for path in paths] + [(path, None) for path in paths[1:]]
    one = [_selects(app, *reading) for reading in readers]
    for n in range(PAGE_SIZE - 1):
        other = User.sign_up(f"https://p{n}.example/", f"person{n}", f"p{n}@example.com")
        user["john"].follow(other)
        other.write(f"tea #tea @john @person{n}")
        user["susan"].write(f"tea #tea @person{n}")
    many = [_selects(app, *reading) for reading in readers]
    row("SELECTs a page (at most 3)", "1 post", "25 posts")
    for (path, reader), few, more in zip(readers, one, many, strict=True):
        row(f"{path} {'member' if reader else 'visitor'}", few, more)


def _selects(app: Flask, path: str, reader: User | None) -> int:
    call = request(app, path, reader)
    return selects(call)


def request(app: Flask, path: str, reader: User | None = None) -> Callable[[], bytes]:
    """Return a function that sends a request straight to the application and reads the answer."""
    headers = {}
    if reader:
        browser = Browser(app)
        browser.sign_in(reader)
        # A browser that has been here has the cookie of its first page too.
        browser.get(path)
        headers["Cookie"] = f"session={browser.cookie('session').value}"
    environ = EnvironBuilder(path, base_url=SITE, headers=headers).get_environ()

    def call() -> bytes:
        answer = []
        with app.app_context():
            body = app.wsgi_app(dict(environ), lambda status, *_: answer.append(status))
            text = b"".join(body)
            body.close()
        if answer != ["200 OK"]:
            raise AssertionError(f"{path}: {answer}")
        return text

    return call


# CPU


def measure_cpu(app: Flask, requests: int, rounds: int) -> None:
    """Print the CPU time of pages against that of bare.py, and what they are ratios of."""
    rng = random.Random(3)
    user_id, _ = demo.fill(FOLLOWED * 2, 6000, rng)
    reader = db.session.get(User, user_id)
    reader.add_identity("https://reader.example/")
    # Follows the same people, and blocks all others.
    blocker = User.sign_up("https://blocker.example/", "blocker", None)
    both = (user_id, blocker.id)
    others = list(db.session.scalars(sa.select(User.id).where(User.id.not_in(both))))
    followed = rng.sample(others, FOLLOWED)
    with writing() as session:
        session.execute(sa.update(User).values(email=User.nickname + "@example.com"))
        session.execute(sa.delete(followers).where(followers.c.follower_id == user_id))
        pairs = [{"follower_id": f, "followed_id": o} for f in both for o in followed]
        session.execute(sa.insert(followers), pairs)
        blocked = sorted(set(others) - set(followed))[:FOLLOWED]
        rows = [{"blocker_id": blocker.id, "blocked_id": other} for other in blocked]
        session.execute(sa.insert(Block), rows)
    # One of the newest posts is the reader's own, with its links.
    reader.write("Tea? Nobody has more about it than @susan: https://example.com/tea #tea")
    busiest = sa.select(Post.user_id).where(Post.user_id.in_(followed)).group_by(Post.user_id)
    busiest = busiest.order_by(sa.func.count().desc())
    author = db.session.get(User, db.session.scalar(busiest.limit(1)))
    profile, authors = f"/user/{author.nickname}", timelines.by_author(author.id, 0)
    row("CPU ms a request (x the bare page)", "warm", "x", "cold", "x", "reach", "bare", "ready")
    for name, path, page, by, reach in (
        ("home, 200 followed", "/", timelines.home(reader.id), reader, 3.0),
        ("explore, member", "/explore", timelines.public(reader.id), reader, 2.4),
        ("explore, visitor", "/explore", timelines.public(0), None, 2.4),
        ("profile, member", profile, authors, reader, 2.4),
        ("profile, visitor", profile, authors, None, 2.4),
        ("home, 200 blocked", "/", timelines.home(blocker.id), blocker, 3.0),
        ("explore, 200 blocked", "/explore", timelines.public(blocker.id), blocker, 2.4),
        ("profile, 200 blocked", profile, authors, blocker, 2.4),
    ):
        own = request(app, path, by)
        with app.test_request_context(base_url=SITE):
            beside = bare_app(page.rows, by.nickname if by else "nobody")
        bare = request(beside, "/")
        require_same_words(own(), bare())
        calls = [own, _cold(own), bare, request(beside, "/ready")]
        warm, cold, least, ready = times = _cpu(calls, requests, rounds)
        # Of each round by itself, for what else the machine does strikes both alike.
        by_warm, by_cold = (median(map(truediv, taken, least)) for taken in (warm, cold))
        warm, cold, least, ready = (1000 * median(taken) for taken in times)
        figures = (warm, by_warm, cold, by_cold, reach, least, ready)
        row(name, *(f"{figure:.2f}" for figure in figures))


def _cold(call: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return `call` without what earlier requests left in the cache."""

    def forgetful() -> bytes:
        for kept in ("articles", "entries"):
            current_app.extensions[kept].cache_clear()
        return call()

    return forgetful


def _cpu(calls: list[Callable], requests: int, rounds: int) -> list[list[float]]:
    """Return the CPU seconds of each call in each of several rounds, in which they take turns."""
    for call in calls:
        for _ in range(20):
            call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            # The cold call has left a cache that is all but empty.
            call()
            start = time.process_time()
            for _ in range(requests):
                call()
            taken.append((time.process_time() - start) / requests)
    return times


if __name__ == "__main__":
    main()
