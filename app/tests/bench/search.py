"""What searches cost as a site grows, common or rare; a part of app.tests.bench.pages.

Of 20,000 words, `the` and `odd` stand in every second post, `even` in one of ten others (so
that the two never meet), `thistle` in one of fifty and `rare` in the thirty oldest. Of the
authors one wrote a tenth of all posts, one the thirty oldest, one a post in ten thousand;
the tags are spread alike.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from app import db
from app.database import writing
from app.database.durations.bounded import TookTooLong
from app.queries.pagination import NEWEST_PAGE
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.tests.bench.queries import add_people, analyze, insert, row, stop_indexing

OLD = 30
QUERIES = (
    "the",
    "th*",
    "t*",
    "thist*",
    '"the word"',
    "absent",
    "rare",
    "rare absent",
    "the rare",
    "odd even",
    "from:prolific",
    "from:prolific the",
    "from:prolific rare",
    "from:prolific odd even",
    "from:silent the",
    "from:silent th*",
    "from:silent rare",
    "from:some the",
    "from:some odd",
    "from:some thist*",
    "from:some absent",
    "#tea",
    "#tea #obscure",
    "#obscure #tea",
    "#tea #green",
    "#tea the",
    "#tea rare",
    "#obscure the",
    "from:silent #tea",
    "from:prolific #obscure",
    "from:prolific #tea the",
    "from:prolific #obscure the",
)


def measure_search(sizes: list[int]) -> None:
    """Print the time of each kind of search, of its first page, as the site grows."""
    stop_indexing()
    ids = add_people(["prolific", "silent", "some", *(f"r{n}" for n in range(1000))])
    written = 0
    taken: dict[str, list[str]] = {query: [] for query in QUERIES}
    for size in sizes:
        write_posts(written, size, ids)
        written = size
        for text in QUERIES:
            query = search_terms.parse(text)
            taken[text].append(f"{1000 * fewest(lambda query=query: search_once(query)):.2f}")
    row("search, wall ms of the first page", *sizes)
    for text, times in taken.items():
        row(text, *times)


def search_once(query: search_terms.Query) -> None:
    """Search, and take what is given up for as long as it may take."""
    with suppress(TookTooLong):
        search.posts(query, 0, NEWEST_PAGE)


def fewest(call: Callable[[], object], budget: float = 1.0) -> float:
    """Return the seconds of a call, the fewest of some: what else the machine does only adds."""
    times: list[float] = []
    while len(times) < 3 or (len(times) < 100 and sum(times) < budget):
        start = time.perf_counter()
        call()
        db.session.rollback()
        times.append(time.perf_counter() - start)
    return min(times)


def write_posts(start: int, end: int, ids: list[int]) -> None:
    """Write the posts numbered from `start` to `end`, and index them: their triggers are off."""
    write_words(start, end, ids)
    with writing() as session:
        for statement in INDEX[db.engine.dialect.name]:
            session.execute(sa.text(statement))
    analyze()


def write_words(start: int, end: int, ids: list[int]) -> None:
    """Write the posts numbered from `start` to `end`; by `ids`, prolific, silent, some, others."""
    rng = random.Random(start)
    prolific, silent, some, *others = ids
    words = [f"{first}{rest}" for first in ("this", "thi", "wo", "qu") for rest in range(5000)]

    def post(n: int) -> dict:
        if n < OLD:
            author = silent
        elif n % 10_000 == 1:
            author = some
        else:
            author = prolific if n % 10 == 3 else rng.choice(others)
        said = ["the word" if n % 2 else "a word", "odd" if n % 2 else "", "rare" * (n < OLD)]
        said += ["even" * (n % 10 == 0), "thistle" * (n % 50 == 0), *rng.choices(words, k=6)]
        return {"body": " ".join(filter(None, said)), "user_id": author}

    def tags(n: int) -> list[str]:
        names = ["tea"] * (n < OLD or n % 10 == 1) + ["green"] * (n % 10 == 2)
        return names + ["obscure"] * (n < OLD)

    insert(start, end, post, tags)


# What the migrations do for the posts that there are.
INDEX = {
    "sqlite": ("INSERT INTO post_search (post_search) VALUES ('rebuild')",),
    "postgresql": (
        "TRUNCATE post_search",
        "DROP INDEX ix_post_search_document",
        "INSERT INTO post_search SELECT id, to_tsvector('simple', body) FROM post",
        "CREATE INDEX ix_post_search_document ON post_search USING gin (document)",
    ),
}
