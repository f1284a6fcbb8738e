"""However common or rare what is looked for is, a search reads few rows of many."""

from app.queries.pagination import MAX_ID, NEWEST_PAGE, Bounds
from app.queries.search import people
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.tests.bench.queries import add_people
from app.tests.bench.search import QUERIES, write_words
from app.tests.support.base import TestCase
from app.tests.support.data.plans import POSTS, PlansMixin
from app.tests.support.data.visibility import OWN_CONDITIONS, conditions

USERS = 3000
# Each part of these is common, and no post has them all. No index knows that before it has been
# through them, and SEARCH_SECONDS is what bounds it.
NEVER_MET = ("#tea #green", "from:prolific #tea the")


class SearchPlansTests(PlansMixin, TestCase):
    # So that what is given up after so many is less than all.
    LIMITS = {"MAX_WALKED": 100, "MAX_LOOKED_UP": 100, "MAX_COUNTED": 100}

    def test_posts(self):
        ids = add_people(["prolific", "silent", "some", *(f"r{n}" for n in range(USERS))])
        write_words(0, POSTS, ids)
        self.know_the_tables()
        pages = (NEWEST_PAGE, Bounds(older=MAX_ID), Bounds(newer=0))
        with conditions(*OWN_CONDITIONS, **self.LIMITS):
            for text in sorted({*QUERIES} - {*NEVER_MET}):
                query = search_terms.parse(text)
                for at in pages:
                    with self.subTest(text, at=at):
                        self.assert_reads_few(lambda q=query, at=at: search.posts(q, 0, at))
                        self.assert_reads_few(lambda q=query, at=at: people.users(q, 0, at))
