"""The CPU of pages as multiples of d, the page of plain.py, in one run in which they take turns."""

import gc
import inspect
import random
import time
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
from app.tests.bench.pages.requests import request
from app.tests.bench.queries import FOLLOWED, analyze, row
from app.tests.support.base import Browser

PEOPLE = 2 * FOLLOWED
POSTS = 20_000
# A common word, a prefix, a phrase, two words, somebody's, a tag, one that nobody wrote.
SEARCHES = ("the", "th*", '"of the"', "the winter", "from:{author} the", "#trains", "absent")


class Subject(NamedTuple):
    """A page to measure: who asks, how its answer begins, and at most how many d it should be."""

    name: str
    path: str
    reader: User | None
    reach: float
    status: str = "200 OK"
    headers: dict[str, str] = {}
    posts: int | None = PAGE_SIZE
    is_cold: bool = False

    def call(self, app: Flask) -> Callable[[], bytes]:
        call = request(app, self.path, self.reader, self.status, **self.headers)
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


def measure_cpu(app: Flask, requests: int, rounds: int) -> dict[str, Figure]:
    """Print the CPU time of pages against that of d; return it by their names."""
    subjects = fill(app)
    calls = [subject.call(app) for subject in subjects]
    figures, one = compare(calls, request(plain.app, "/"), requests, rounds)
    print(
        f"d takes {1000 * one:.3f} ms of CPU, {1 / one:.0f} requests a second and core, in-process"
    )
    row("CPU of a page, as multiples of d", "ms", "least", "median", "most", "reach", "bytes")
    for subject, call, (seconds, ratios) in zip(subjects, calls, figures, strict=True):
        spread = (min(ratios), median(ratios), max(ratios), subject.reach)
        told = (f"{1000 * seconds:.3f}", *(f"{ratio:.2f}" for ratio in spread), len(call()))
        row(subject.name, *told)
    return {subject.name: figure for subject, figure in zip(subjects, figures, strict=True)}


def compare(
    calls: list[Callable], plain_call: Callable, requests: int, rounds: int
) -> tuple[list[Figure], float]:
    """Return the CPU of each call, and that of d; d is measured anew right before each of them."""
    for call in (plain_call, *calls):
        for _ in range(20):
            call()
    # As runp.py does it once it has started.
    gc.collect()
    gc.freeze()
    times: list[list[float]] = [[] for _ in calls]
    beside: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken, others in zip(calls, times, beside, strict=True):
            others.append(_seconds(plain_call, requests))
            taken.append(_seconds(call, requests))
    gc.unfreeze()
    figures = [
        # Of each round by itself, for what else the machine does strikes both alike.
        Figure(median(taken), [own / d for own, d in zip(taken, others, strict=True)])
        for taken, others in zip(times, beside, strict=True)
    ]
    return figures, median(d for others in beside for d in others)


def _seconds(call: Callable, requests: int) -> float:
    start = time.process_time()
    for _ in range(requests):
        call()
    return (time.process_time() - start) / requests


def _cold(app: Flask, call: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return `call` without what earlier requests left in the caches of what is rendered."""
    kept = [thing for thing in app.extensions.values() if hasattr(thing, "cache_clear")]

    def forgetful() -> bytes:
        for cache in kept:
            cache.cache_clear()
        return call()

    return forgetful


def fill(app: Flask) -> list[Subject]:
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
    tag = Browser(app).get(feed).headers["ETag"]
    same = {"status": "304 NOT MODIFIED", "headers": {"If-None-Match": tag}, "posts": None}
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
        Subject("feed, 304", feed, None, 0.5, **same),
        *(
            Subject(f"search {text}", f"/search?q={quote(text)}", None, 3.0, posts=None)
            for text in searches
        ),
    ]
