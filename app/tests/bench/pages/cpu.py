"""The CPU of pages as multiples of d, the page of plain.py, in one run in which they take turns."""

import gc
import inspect
import random
import time
import unittest
from collections.abc import Callable
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask

from app import db
from app.cli.demo import filling as demo
from app.database import writing
from app.models import Block, Post, User, followers
from app.queries.pagination import PAGE_SIZE
from app.tests.bench.pages import plain
from app.tests.bench.pages.requests import cookie, request
from app.tests.bench.pages.served import PLAIN, SITE, Served
from app.tests.bench.queries import FOLLOWED, analyze, row
from app.tests.support.base import Browser

PEOPLE = 2 * FOLLOWED
POSTS = 20_000
# A common word, a prefix, a phrase, two words, somebody's, a tag, one that nobody wrote.
SEARCHES = ("the", "th*", '"of the"', "the winter", "from:{author} the", "#trains", "absent")

RATIOS = ("least", "median", "most")


class Subject(NamedTuple):
    """A page to measure: who asks, at most how many d it should be, and how many posts it shows."""

    name: str
    path: str
    reader: User | None
    reach: float
    posts: int | None = PAGE_SIZE
    # Asked without what earlier requests left in memory; and by who has it already.
    is_cold: bool = False
    is_known: bool = False

    def call(self, app: Flask, served: Served | None = None) -> Callable[[], bytes]:
        """Return a function that asks for the page: `app` itself, or who serves it."""
        headers, status = {}, "304 NOT MODIFIED" if self.is_known else "200 OK"
        if self.reader:
            headers["Cookie"] = cookie(app, self.path, self.reader)
        if self.is_known:
            of_whom = served.get if served else Browser(app).get
            headers["If-None-Match"] = of_whom(self.path).headers["ETag"]
        if served:
            call = served.request(self.path, int(status[:3]), **headers)
        else:
            call = request(app, self.path, status=status, **headers)
        shown = call().count(b"<article")
        if self.posts is not None and shown != self.posts:
            raise AssertionError(f"{self.name} shows {shown} posts")
        return _cold(app, call) if self.is_cold else call


class Figure(NamedTuple):
    """CPU seconds of a request, and the ratios to d, one a round."""

    seconds: float
    ratios: list[float]


def show_source() -> None:
    """Print all of d."""
    size = len(request(plain.app, "/")())
    print(f"d, {size} bytes of HTML, is this:\n\n{inspect.getsource(plain)}")


def measure_cpu(app: Flask, subjects: list[Subject], requests: int, rounds: int) -> None:
    """Print the CPU time of pages against that of d."""
    calls = {subject: subject.call(app) for subject in subjects}
    one = Measured(request(plain.app, "/"), time.process_time)
    # As runp.py does it once it has started.
    gc.collect()
    gc.freeze()
    compare(calls, one, time.process_time, requests, rounds)
    gc.unfreeze()


def measure_served(
    app: Flask, subjects: list[Subject], server: str, requests: int, rounds: int, seconds: int = 0
) -> dict[str, Figure]:
    """Print and return the same of pages and d under a server each; print what those take."""
    subjects = [subject for subject in subjects if not subject.is_cold]
    # It stands in for the test for whose end the helpers keep what has to be undone.
    case = unittest.TestCase()
    try:
        settings = {name: app.config[name] for name in ("DATABASE_URL", "SECRET_KEY")}
        site = Served(case, server, SITE, RATELIMIT_ENABLED="off", **settings)
        one = Served(case, server, PLAIN)
        calls = {subject: subject.call(app, site) for subject in subjects}
        plainly = Measured(one.request("/"), one.cpu)
        figures = compare(calls, plainly, site.cpu, requests, rounds)
        row(f"under {server}", "the site", "d", "ratio")
        for name, ours, its in (
            ("start to first page, s", site.start_seconds, one.start_seconds),
            ("memory of a worker, MiB", site.megabytes(), one.megabytes()),
        ):
            row(name, f"{ours:.2f}", f"{its:.2f}", f"{ours / its:.2f}")
        if seconds:
            home = cookie(app, "/", subjects[0].reader)
            for connections in (8, 100):
                for name, who in (("home", site), ("d", one)):
                    told = who.load("/", seconds, connections, home)
                    print(f"{name}, {connections} connections: {told}")
        return figures
    finally:
        case.doCleanups()


class Measured(NamedTuple):
    """What is asked for, and a clock of the CPU of whoever answers."""

    call: Callable[[], bytes]
    clock: Callable[[], float]

    def seconds(self, requests: int) -> float:
        """Return the CPU of a request."""
        start = self.clock()
        for _ in range(requests):
            self.call()
        return (self.clock() - start) / requests


def compare(
    calls: dict[Subject, Callable[[], bytes]],
    one: Measured,
    clock: Callable[[], float],
    requests: int,
    rounds: int,
) -> dict[str, Figure]:
    """Print the CPU of each call beside that of d, which is measured anew right before it."""
    for call in (one.call, *calls.values()):
        for _ in range(20):
            call()
    times: dict[Subject, list[float]] = {subject: [] for subject in calls}
    beside: dict[Subject, list[float]] = {subject: [] for subject in calls}
    for _ in range(rounds):
        for subject, call in calls.items():
            beside[subject].append(one.seconds(requests))
            times[subject].append(Measured(call, clock).seconds(requests))
    plainly = median(seconds for taken in beside.values() for seconds in taken)
    print(f"d: {1000 * plainly:.3f} ms of CPU")
    row("CPU of a page, as multiples of d", "ms", "a second", *RATIOS, "reach", "bytes")
    figures = {}
    for subject, call in calls.items():
        # Of each round by itself, for what else the machine does strikes both alike.
        pairs = zip(times[subject], beside[subject], strict=True)
        figure = Figure(median(times[subject]), [own / d for own, d in pairs])
        figures[subject.name] = figure
        spread = (min(figure.ratios), median(figure.ratios), max(figure.ratios), subject.reach)
        told = (f"{1000 * figure.seconds:.3f}", f"{1 / figure.seconds:.0f}")
        told += tuple(f"{ratio:.2f}" for ratio in spread)
        row(subject.name, *told, len(call()))
    return figures


def _cold(app: Flask, call: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return `call` without what earlier requests left in the caches of what is rendered."""
    kept = [thing for thing in app.extensions.values() if hasattr(thing, "cache_clear")]

    def forgetful() -> bytes:
        for cache in kept:
            cache.cache_clear()
        return call()

    return forgetful


def fill() -> list[Subject]:
    """Fill an empty database with people and posts; return the pages to measure."""
    rng = random.Random(3)
    user_id, _ = demo.fill(PEOPLE, POSTS, rng)
    reader = db.session.get(User, user_id)
    reader.add_identity("https://reader.example/")
    # Follows the same people, and blocks others.
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
    lonely = author.write("The one post of a conversation, with a tag and an address. #tea")
    analyze()
    profile, permalink, feed = f"/user/{author.nickname}", f"/post/{lonely.id}", "/explore.atom"
    searches = [text.format(author=author.nickname) for text in SEARCHES]
    return [
        Subject("home, 200 followed", "/", reader, 2.0),
        Subject("home, 200 blocked", "/", blocker, 2.0),
        Subject("home, caches empty", "/", reader, 2.0, is_cold=True),
        Subject("explore, member", "/explore", reader, 1.5),
        Subject("explore, visitor", "/explore", None, 1.0),
        Subject("profile, member", profile, reader, 1.6),
        Subject("profile, visitor", profile, None, 1.0),
        Subject("permalink, member", permalink, reader, 1.2, posts=1),
        Subject("permalink, visitor", permalink, None, 1.0, posts=1),
        Subject("feed", feed, None, 1.2, posts=None),
        Subject("feed, 304", feed, None, 0.5, posts=None, is_known=True),
        *(
            Subject(f"search {text}", f"/search?q={quote(text)}", None, 3.0, posts=None)
            for text in searches
        ),
    ]
