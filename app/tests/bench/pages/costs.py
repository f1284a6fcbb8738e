"""What pages, writes and rows cost, in seconds and bytes: app.tests.bench.scale adds it up."""

import random
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from app import db
from app.cli.demo import filling as demo
from app.database import now, writing
from app.models import User
from app.tests.bench.pages import cpu
from app.tests.bench.queries import add_people, insert, row, stop_indexing
from app.tests.support.reading import sent_selects


class Costs(NamedTuple):
    # CPU of a worker, by the names of pages, and what the database takes beside it.
    cpu: dict[str, float]
    query: dict[str, float]
    # To write a post; to note that a member is here.
    post: float
    visit: float
    # What is stored of each, indexes and all.
    post_bytes: float
    user_bytes: float


def measure(app: Flask, rounds: int) -> Costs:
    """Print and return what the pages of cpu.py cost in the empty database of `app`."""
    empty = _stored()
    subjects = cpu.fill()
    filled = _stored()
    demo.fill(cpu.PEOPLE, 0, random.Random(4))
    of_post, of_user = (filled - empty) / cpu.POSTS, (_stored() - filled) / cpu.PEOPLE
    figures = cpu.measure_served(app, subjects, "granian", 40, rounds)
    author = db.session.scalars(sa.select(User).limit(1)).one()
    post = _seconds(lambda: author.write("A post of many. #tea"))
    visit = _seconds(lambda: _visit(author))
    print(f"to write: a post {1000 * post:.2f} ms, a visit {1000 * visit:.2f} ms")
    print(f"stored: of a post {of_post:.0f} bytes, of a user {of_user:.0f}")
    subjects = [subject for subject in subjects if subject.name in figures]
    few = {subject.name: _of_database(app, subject) for subject in subjects}
    _add_posts(9 * cpu.POSTS)
    many = {subject.name: _of_database(app, subject) for subject in subjects}
    row("the database for a page, ms", f"{cpu.POSTS} posts", f"{10 * cpu.POSTS}", "x")
    for name, seconds in few.items():
        ratio = f"{many[name] / seconds:.2f}"
        row(name, f"{1000 * seconds:.3f}", f"{1000 * many[name]:.3f}", ratio)
    taken = {name: figure.seconds for name, figure in figures.items()}
    return Costs(taken, many, post, visit, of_post, of_user)


def _stored() -> int:
    """Return the bytes of the database."""
    if db.engine.dialect.name == "postgresql":
        asked = "SELECT pg_database_size(current_database())"
    else:
        asked = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    size = db.session.scalar(sa.text(asked))
    db.session.rollback()
    return size


def _seconds(call: Callable[[], object], times: int = 200) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return median(taken)


def _visit(user: User) -> None:
    with writing() as session:
        session.execute(sa.update(User).where(User.id == user.id).values(last_seen=now()))


def _of_database(app: Flask, subject: cpu.Subject) -> float:
    """Return what the SELECTs of a page take, the fewest seconds of each."""
    total = 0.0
    for statement, values in sent_selects(subject.call(app)):
        times = []
        for _ in range(20):
            connection = db.session.connection()
            start = time.perf_counter()
            connection.exec_driver_sql(statement, values).all()
            times.append(time.perf_counter() - start)
            db.session.rollback()
        total += min(times)
    return total


def _add_posts(count: int) -> None:
    """Let others write so many posts on top of those there are; words are not indexed."""
    stop_indexing()
    ids, rng = add_people([f"writer{n}" for n in range(1000)])[-1000:], random.Random(6)
    least, most = db.session.execute(sa.text("SELECT min(id), max(id) FROM post")).one()
    start = most - least + 1

    def post(n: int) -> dict:
        return {"body": f"post number {n}", "user_id": rng.choice(ids)}

    insert(start, start + count, post, lambda n: ["tea"])
