"""What the queries of timelines cost as a site grows; a part of app.tests.bench.pages."""

import random
import statistics
import time
from collections.abc import Callable

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import User, followers
from app.models.posts.post import Post, Tag
from app.queries import timelines
from app.queries.pagination import PAGE_SIZE, Bounds

FOLLOWED = 200


def row(*values: object) -> None:
    first, *others = values
    print(f"{first!s:<34}" + "".join(f" {value!s:>15}" for value in others), flush=True)


def measure_queries(sizes: list[int], parts: list[str]) -> tuple[list[int], int]:
    """Print the time of the home query as the site grows, and of a page far behind the first.

    Returns who writes, and the busy reader.

    Of a thousand authors, those of the busy reader write all the time; those of the
    dormant reader wrote the first thousand posts and have been silent ever since.
    """
    # Measured here is the reading of posts, not the making of the search index.
    stop_indexing()
    ids = add_people([f"p{n}" for n in range(1002)])
    busy, dormant, authors = ids[0], ids[1], ids[2:]
    silent, active = authors[:FOLLOWED], authors[FOLLOWED:]
    _follow(busy, active[:FOLLOWED])
    _follow(dormant, silent)
    rng, written, first = random.Random(5), 0, {}
    if "home" in parts:
        row("home query, wall ms (grows ≤ 3 x)", "posts", "median", "x the first")
    for size in sizes:
        _write(written, size, silent, active, rng)
        written = size
        for name, reader in (("busy", busy), ("dormant", dormant)):
            if "home" in parts:
                (took,) = wall([lambda reader=reader: timelines.home(reader)])
                start = first.setdefault(name, took)
                row(name, size, f"{1000 * took:.3f}", f"{took / start:.2f}")
    if "deep" in parts:
        _measure_deep(busy, active[0])
    return active, busy


def _measure_deep(reader: int, author: int) -> None:
    row("page 1,000 of (≤ 1.1 x)", "page 1 ms", "page 1,000 ms", "ratio")
    my_posts = sa.or_(
        Post.user_id.in_(
            sa.select(followers.c.followed_id).where(followers.c.follower_id == reader)
        ),
        Post.user_id == reader,
    )
    tagged = sa.select(Tag.post_id).where(Tag.name == "tea")
    for name, read, which in (
        ("explore", lambda at: timelines.public(reader, at), sa.true()),
        ("home", lambda at: timelines.home(reader, at), my_posts),
        ("profile", lambda at: timelines.by_author(author, reader, at), Post.user_id == author),
        ("tag", lambda at: timelines.by_tag("tea", reader, at), Post.id.in_(tagged)),
    ):
        far = sa.select(Post.id).where(which).order_by(Post.id.desc()).offset(999 * PAGE_SIZE)
        older = db.session.scalar(far.limit(1))
        if older is None:
            row(name, "too few posts")
            continue
        newest = Bounds()
        took = wall([lambda: read(newest), lambda: read(Bounds(older=older + 1))])  # noqa: B023
        row(name, *(f"{1000 * seconds:.3f}" for seconds in took), f"{took[1] / took[0]:.2f}")


def wall(calls: list[Callable], runs: int = 300) -> list[float]:
    """Return the median seconds of each call; they take turns, so that noise strikes all alike."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            page = call()
            db.session.rollback()
            taken.append(time.perf_counter() - start)
            if len(page.rows) != PAGE_SIZE:
                raise AssertionError(f"{len(page.rows)} posts are no full page")
    return [statistics.median(taken[runs // 10 :]) for taken in times]


def stop_indexing() -> None:
    with writing() as session:
        if db.engine.dialect.name == "sqlite":
            # Nor may a post be taken out of the index that was never put there.
            for verb in ("insert", "delete"):
                session.execute(sa.text(f"DROP TRIGGER IF EXISTS post_search_{verb}"))
        else:
            session.execute(sa.text("ALTER TABLE post DISABLE TRIGGER USER"))


def add_people(nicknames: list[str]) -> list[int]:
    """Make users of these nicknames; give their ids."""
    rows = [
        {"nickname": name, "nickname_key": name, "avatar_seed": f"{n:032x}"}
        for n, name in enumerate(nicknames)
    ]
    with writing() as session:
        session.execute(sa.insert(User), [{"about_me": "", "last_seen": now(), **r} for r in rows])
        return list(session.scalars(sa.select(User.id).order_by(User.id)))


def _follow(reader: int, others: list[int]) -> None:
    with writing() as session:
        rows = [{"follower_id": reader, "followed_id": other} for other in others]
        session.execute(sa.insert(followers), rows)


def _write(start: int, end: int, silent: list[int], active: list[int], rng) -> None:
    """Write the posts numbered from `start` to `end`: one in ten by one author and with a tag.

    Three in ten answer one of the last hundred.
    """

    def post(n: int) -> dict:
        author = rng.choice(silent) if n < 1000 else rng.choice(active)
        if n >= 1000 and n % 10 == 0:
            author = active[0]
        body = f"post number {n} about nothing in particular #tea"
        answers = n - rng.randrange(1, 100) if n > 100 and rng.random() < 0.3 else None
        return {"body": body, "user_id": author, "answers": answers}

    insert(start, end, post, lambda n: ["tea"] if n % 10 == 0 else [])


def insert(
    start: int, end: int, post: Callable[[int], dict], tags: Callable[[int], list[str]]
) -> None:
    """Insert the posts numbered from `start` to `end`, of which the functions know body and tags.

    They are the only ones of the site.
    """
    moment = now()
    first = db.session.scalar(sa.select(sa.func.min(Post.id))) or 1
    roots: dict[int, int] = {}
    for begin in range(start, end, 20_000):
        numbers = range(begin, min(begin + 20_000, end))
        rows = [{"timestamp": moment, "answers": None, **post(n)} for n in numbers]
        for n, new in zip(numbers, rows, strict=True):
            answers, new["id"] = new.pop("answers"), first + n
            new["reply_to_id"] = None if answers is None else first + answers
            # The trigger that would say so may be off.
            new["thread_id"] = first + n if answers is None else roots.get(answers, first + answers)
            roots[n] = new["thread_id"]
        named = [{"name": name, "post_id": first + n} for n in numbers for name in tags(n)]
        with writing() as session:
            session.execute(sa.insert(Post.__table__), rows)
            session.execute(sa.insert(Tag.__table__), named)
    analyze()


def analyze() -> None:
    # PostgreSQL does this by itself after a while; on SQLite nobody ever does.
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
