"""What pages cost, on data of its own: `python -m app.tests.bench_pages --help`.

It asserts nothing: machines differ. Every number stands beside what it should reach.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, render_template
from jinja2 import DictLoader
from werkzeug.test import EnvironBuilder

from app import create_app, db, demo, timelines
from app.cards import cards
from app.database import upgrade, writing
from app.models import Post, SignIn, User, followers
from app.paging import PAGE_SIZE, Page
from app.tests import base
from app.tests.base import SITE
from app.tests.bench_queries import FOLLOWED, measure_queries, row
from app.tests.reading_base import selects

FEWEST_POSTS = 5000
PARTS = ("selects", "cpu", "home", "deep")
# The same 25 posts, from values that are ready: nothing is asked, linked or told.
BARE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{{ title }} · microblog</title>
  <link rel="stylesheet" href="/static/style.css">
  <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
</head>
<body>
  <a class="skip" href="#main">Skip to the text</a>
  <header class="site">
    <a class="brand" href="/">microblog</a>
    <nav aria-label="Site">
      <a href="/">Home</a> <a href="/explore">Explore</a> <a href="/search">Search</a>
      <a href="/user/{{ reader }}">Your profile</a>
    </nav>
  </header>
  <main id="main" tabindex="-1">
    <h1>{{ title }}</h1>
    <div class="h-feed">
    {% for card in cards %}
    <article class="post h-entry">
      <span class="avatar"><img src="{{ card.drawn_avatar }}" width="48" height="48" alt="">
      {%- if card.gravatar %}<img src="{{ card.gravatar }}" width="48" height="48" alt="">
      {%- endif %}</span>
      <header>
        <a class="author p-author h-card" href="{{ card.author_url }}">{{ card.author }}</a>
        <a class="time u-url" href="{{ card.url }}">{{ card.time }}</a>
        {% if card.edited %}
        <span class="time">edited {{ card.edited }}</span>
        {% endif %}
      </header>
      <p class="body e-content p-name">{{ card.html }}</p>
      {% if card.is_own %}
      <p class="actions"><a href="{{ card.url }}/edit">Edit</a>
        <a href="{{ card.url }}/delete">Delete</a></p>
      {% endif %}
    </article>
    {% endfor %}
    </div>
    <nav class="pager" aria-label="Pages"><a href="?older={{ older }}" rel="next">Older</a></nav>
  </main>
</body>
</html>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--posts", nargs="+", type=int, default=[10**4, 10**5, 10**6])
    parser.add_argument("--requests", type=int, default=150, help="of each page, in each round")
    parser.add_argument("--rounds", type=int, default=5)
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
            with app.app_context():
                measure(app, chosen)
                db.session.remove()
                db.engine.dispose()


def measure(app: Flask, chosen: argparse.Namespace) -> None:
    if "selects" in chosen.only:
        count_selects(app)
    if "cpu" in chosen.only:
        empty()
        measure_cpu(app, chosen.requests, chosen.rounds)
    if {"home", "deep"} & set(chosen.only):
        empty()
        measure_queries(sorted(chosen.posts), chosen.only)


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
    paths = ["/", "/explore", "/user/susan", f"/post/{first.id}", "/tag/tea", "/search?q=tea"]
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
    """Give a function that sends a request straight to the application and reads the answer."""
    headers = {}
    if reader:
        client = app.test_client()
        with client.session_transaction(base_url=SITE) as session:
            session["_user_id"] = SignIn.begin(reader, "")
        # A browser that has been here has the cookie of its first page too.
        with app.app_context():
            client.get(path, base_url=SITE)
        headers["Cookie"] = f"session={client.get_cookie('session', domain='127.0.0.1').value}"
    environ = EnvironBuilder(path, base_url=SITE, headers=headers).get_environ()

    def call() -> bytes:
        answer = []
        with app.app_context():
            body = app.wsgi_app(dict(environ), lambda status, headers: answer.append(status))
            text = b"".join(body)
            body.close()
        if answer != ["200 OK"]:
            raise AssertionError(f"{path}: {answer}")
        return text

    return call


# CPU


def measure_cpu(app: Flask, requests: int, rounds: int) -> None:
    """Print the CPU time of pages against that of a page that only shows the same posts."""
    rng = random.Random(3)
    user_id, _ = demo.fill(FOLLOWED * 2, 6000, rng)
    reader = db.session.get(User, user_id)
    others = list(db.session.scalars(sa.select(User.id).where(User.id != user_id)))
    with writing() as session:
        session.execute(sa.update(User).values(email=User.nickname + "@example.com"))
        session.execute(sa.delete(followers).where(followers.c.follower_id == user_id))
        pairs = [{"follower_id": user_id, "followed_id": o} for o in rng.sample(others, FOLLOWED)]
        session.execute(sa.insert(followers), pairs)
    busiest = sa.select(Post.user_id).group_by(Post.user_id).order_by(sa.func.count().desc())
    author = db.session.get(User, db.session.scalar(busiest.limit(1)))
    author_page = timelines.by_author(author.id)
    row("CPU ms a request", "page", "bare page", "ratio", "target", "plain page", "ratio", "bytes")
    for name, path, page, by, target in (
        ("home, 200 followed", "/", timelines.home_of(reader.id), reader, 3.0),
        ("explore, member", "/explore", timelines.everybodys(), reader, 2.4),
        ("explore, visitor", "/explore", timelines.everybodys(), None, 2.4),
        ("profile, member", f"/user/{author.nickname}", author_page, reader, 2.4),
        ("profile, visitor", f"/user/{author.nickname}", author_page, None, 2.4),
    ):
        beside = bare_app(app, page, reader.nickname)
        calls = [request(app, path, by), request(beside, "/"), request(beside, "/plain")]
        own, bare, plain = _cpu(calls, requests, rounds)
        times = [f"{1000 * seconds:.3f}" for seconds in (own, bare, plain)]
        ratios = f"{own / bare:.2f}", f"{own / plain:.2f}"
        row(name, *times[:2], ratios[0], target, times[2], ratios[1], len(calls[0]()))


def bare_app(app: Flask, page: Page, reader: str) -> Flask:
    """Give an application that shows `page` from memory: at / from values that are ready.

    At /plain it shows them as a template does by itself: it escapes texts, makes the
    addresses and tells the time.
    """
    with app.test_request_context(base_url=SITE):
        ready = cards(page.rows)
    if len(ready) != PAGE_SIZE:
        raise AssertionError(f"{len(ready)} posts are no full page")
    bare = Flask("bare", static_folder=None)
    plain = BARE.replace("card.author_url", "url_for('user', nickname=card.author)")
    plain = plain.replace("card.url", "url_for('post', post_id=card.id)")
    plain = plain.replace("card.time", "card.timestamp.strftime('%d %B %Y, %H:%M UTC')")
    bare.jinja_loader = DictLoader({"bare.html": BARE, "plain.html": plain})
    bare.jinja_env.trim_blocks = bare.jinja_env.lstrip_blocks = True

    texts = [
        # A copy as plain text, which has to be escaped.
        {**card._asdict(), "html": card.body, "timestamp": post.timestamp}
        for card, post in zip(ready, page.rows, strict=True)
    ]

    @bare.get("/plain")
    def plain_index():
        return render_template(
            "plain.html", title="Home", cards=texts, reader=reader, older=ready[-1].id
        )

    @bare.get("/user/<nickname>")
    def user(nickname):
        return nickname

    @bare.get("/post/<int:post_id>")
    def post(post_id):
        return str(post_id)

    @bare.get("/")
    def index():
        return render_template(
            "bare.html", title="Home", cards=ready, reader=reader, older=ready[-1].id
        )

    return bare


def _cpu(calls: list[Callable], requests: int, rounds: int) -> list[float]:
    """Give the seconds of CPU of one call of each, the best of several rounds that take turns."""
    for call in calls:
        for _ in range(20):
            call()
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for number, call in enumerate(calls):
            start = time.process_time()
            for _ in range(requests):
                call()
            best[number] = min(best[number], (time.process_time() - start) / requests)
    return best


if __name__ == "__main__":
    main()
