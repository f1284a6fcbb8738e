"""What reading costs as a site grows, in ms of the query: `python -m app.tests.bench.flat --help`.

110,000 users, of whom 10,000 write; one is followed by 100,000, and readers follow 200, 2,000 and
10,000 of those who write. The posts are those of search.py. It judges nothing: what is to be
reached stands in the first column. The time is that of the whole call, with SQLAlchemy and the
driver, so that it is a bound of what the database took.
"""

import argparse

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import User, followers
from app.models.posts.post import Post
from app.queries import profiles, timelines
from app.queries.pagination import NEWEST_PAGE, Bounds
from app.queries.search import people
from app.queries.search import terms as search_terms
from app.tests.bench.queries import add_people, row, stop_indexing
from app.tests.bench.search import QUERIES, fewest, search_once, write_posts
from app.tests.bench.sites import sites

USERS = 110_000
WRITERS = 10_000
FOLLOWERS = 100_000
# Readers who write nothing follow so many; the one before them is whom 100,000 follow.
FOLLOWING = (200, 2000, 10_000)
SPECIAL = ("prolific", "silent", "some", "star", *(f"follows{n}" for n in FOLLOWING))
NICKNAMES = ("the", "p*", "nobody", "pr", "p10*", "absent the")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", nargs="+", type=int, default=[10**4, 10**6])
    parser.add_argument("--database", help="a URL to fill, or to measure as it is when filled")
    chosen = parser.parse_args()
    for _ in sites(chosen.database):
        measure(sorted(chosen.posts))


def measure(sizes: list[int]) -> None:
    """Print the time of each query at each size, the fewest of some."""
    ids = list(db.session.scalars(sa.select(User.id).order_by(User.id))) or _people()
    written = db.session.scalar(sa.select(sa.func.count()).select_from(Post)) or 0
    db.session.rollback()
    sizes = [size for size in sizes if size >= written]
    taken: dict[str, list[str]] = {}
    for size in sizes:
        if size > written:
            write_posts(written, size, ids[:3] + ids[len(SPECIAL) :][:WRITERS])
        written = size
        for name, call in _calls(ids).items():
            taken.setdefault(name, []).append(f"{1000 * fewest(call):.2f}")
    row("ms of the first page", *sizes)
    for name, times in taken.items():
        row(name, *times)


def _people() -> list[int]:
    stop_indexing()
    ids = add_people([*SPECIAL, *(f"p{n}" for n in range(USERS - len(SPECIAL)))])
    star, readers, others = ids[3], ids[4 : len(SPECIAL)], ids[len(SPECIAL) :]
    pairs = [(other, star) for other in others[:FOLLOWERS]]
    pairs += [(r, o) for r, n in zip(readers, FOLLOWING, strict=True) for o in others[:n]]
    with writing() as session:
        rows = [{"follower_id": one, "followed_id": other} for one, other in pairs]
        session.execute(sa.insert(followers), rows)
    return ids


def _calls(ids: list[int]) -> dict:
    """Return what is measured, by what it is called."""
    star, readers = ids[3], ids[4 : len(SPECIAL)]
    calls: dict = {}
    for reader, count in zip(readers, FOLLOWING, strict=True):
        calls[f"home of {count} (≤ 3-fold)"] = lambda reader=reader: timelines.home(reader)
    calls["profile of 100,000 (≤ 0.5)"] = lambda: profiles.profile("star", 0)
    others = ids[len(SPECIAL) :]
    for which, whose, count in (
        ("followers", star, FOLLOWERS),
        ("following", readers[-1], FOLLOWING[-1]),
    ):
        middle = Bounds(older=others[count // 2])
        for page, at in (("first", NEWEST_PAGE), ("a middle", middle)):
            calls[f"{which}, {page} page (≤ 1)"] = lambda which=which, whose=whose, at=at: (
                profiles.follow_list(which, whose, 0, at)
            )
    for text in NICKNAMES:
        query = search_terms.parse(text)
        calls[f"people: {text}"] = lambda query=query: people.users(query, 0, NEWEST_PAGE)
    for text in QUERIES:
        query = search_terms.parse(text)
        calls[text] = lambda query=query: search_once(query)
    return calls


if __name__ == "__main__":
    main()
