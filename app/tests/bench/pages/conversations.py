"""What a page of a long conversation costs on a large site; a part of app.tests.bench.pages."""

import random

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models.posts.post import Post
from app.queries.conversations import pages
from app.queries.pagination import NEWEST_PAGE, Bounds
from app.tests.bench.queries import analyze, row, wall

REPLIES = 10_000


def measure_conversation(authors: list[int], reader: int) -> None:
    """Print the time of pages all over a conversation, against that of its first post."""
    rng = random.Random(7)
    with writing() as session:
        first = session.scalar(sa.select(sa.func.max(Post.id))) + 1
        ids = list(range(first, first + REPLIES + 1))
        # Half of them answer the first post, the others one of the hundred before.
        answered = [None] + [
            rng.choice(ids[max(0, n - 100) : n]) if n % 2 else first for n in range(1, len(ids))
        ]
        rows = [
            {
                "id": post_id,
                "body": f"reply number {post_id} about nothing in particular",
                "timestamp": now(),
                "user_id": rng.choice(authors),
                "reply_to_id": reply_to_id,
                "thread_id": first,
            }
            for post_id, reply_to_id in zip(ids, answered, strict=True)
        ]
        session.execute(sa.insert(Post.__table__), rows)
    analyze()
    db.session.rollback()
    places = {
        "the first post": (ids[0], NEWEST_PAGE),
        "one in the middle": (ids[REPLIES // 2], NEWEST_PAGE),
        "one near the end": (ids[-20], NEWEST_PAGE),
        "page 200, by Newer": (ids[0], Bounds(newer=ids[5000])),
        "page 200, by Older": (ids[0], Bounds(older=ids[5000])),
        "the last page, by Newer": (ids[0], Bounds(newer=ids[-27])),
        "page 2, by Newer": (ids[0], Bounds(newer=ids[24])),
    }
    row("conversation of 10,001, wall ms", "median", "x the first (≤ 1.1)")
    took = wall(
        [
            lambda post_id=post_id, at=at: pages.conversation(post_id, reader, at)
            for post_id, at in places.values()
        ]
    )
    for name, seconds in zip(places, took, strict=True):
        row(name, f"{1000 * seconds:.3f}", f"{seconds / took[0]:.2f}")
