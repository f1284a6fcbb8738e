"""Whatever is looked for and hidden, few rows are read and none is missed."""

import itertools
import json
import random
import re

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import Block, HiddenPost, Post, Suspension, User
from app.models.posts.brought import PostToBring, bring_along
from app.models.posts.post import Tag
from app.queries.pagination import NEWEST_PAGE, PAGE_SIZE, Bounds
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.tests.bench.queries import add_people
from app.tests.support.base import SITE
from app.tests.support.data.visibility import (
    FEEDS,
    LISTS,
    OWN_CONDITIONS,
    HiddenPostsTestCase,
    conditions,
    hidden,
)
from app.tests.support.reading import sent_selects

# How many steps of SQLite's machine are counted at once.
STEPS = 100


class AnyQueryTests(HiddenPostsTestCase):
    """Queries of all kinds find what a look at each post finds, however long a walk is."""

    WORDS = ("ant", "bee", "beetle", "cat")
    TAGS = ("leaf", "tea")

    def test_any_query(self):
        rng = random.Random(12)
        authors = (self.john, self.susan, self.mallory)
        posts = self.bring_any(rng, self.susan, 40)
        posts += [self.write_any(rng, rng.choice(authors)) for _ in range(150)]
        for limit in (0, 5, 60, 1000):
            walks = {"MAX_WALKED": limit, "MAX_LOOKED_UP": limit, "MAX_COUNTED": limit or 1}
            for chosen in ((), hidden()):
                with conditions(*chosen, **walks):
                    for _ in range(60):
                        self.assert_found(self.any_query(rng), posts, is_hiding=bool(chosen))
        # The same by a moderator's hand.
        with writing() as session:
            session.add(Suspension(user_id=self.mallory.id, reason="for a test"))
            for post_id, _, words, _ in posts:
                if "hidden" in words:
                    session.add(HiddenPost(post_id=post_id, reason="for a test"))
        for limit in (0, 5, 60, 1000):
            walks = {"MAX_WALKED": limit, "MAX_LOOKED_UP": limit, "MAX_COUNTED": limit or 1}
            with conditions(*OWN_CONDITIONS, **walks):
                for _ in range(60):
                    self.assert_found(self.any_query(rng), posts, is_hiding=True)

    def write_any(self, rng: random.Random, author: User) -> tuple[int, str, list[str], set[str]]:
        """Write a post; give its id, its author, its words and its tags."""
        text, words, tags = self.any_text(rng)
        return author.write(text).id, author.nickname, words, tags

    def bring_any(self, rng: random.Random, author: User, count: int) -> list[tuple]:
        """Let somebody bring posts along; give of each what `write_any` does."""
        texts = [self.any_text(rng) for _ in range(count)]
        posts = [
            PostToBring(f"https://elsewhere.example/{number}", text, now(), None)
            for number, (text, _, _) in enumerate(texts)
        ]
        self.assertEqual(bring_along(author.id, posts, SITE + "/post/"), count)
        ids = db.session.scalars(sa.select(Post.id).where(Post.id < 0).order_by(Post.id))
        return [
            (post_id, author.nickname, *text[1:])
            for post_id, text in zip(ids, reversed(texts), strict=True)
        ]

    def any_text(self, rng: random.Random) -> tuple[str, list[str], set[str]]:
        words = rng.choices((*self.WORDS, "hidden"), k=3)
        tags = {tag for tag in self.TAGS if rng.random() < 0.4}
        text = " ".join([*words, *(f"#{tag}" for tag in sorted(tags))])
        return text, [*words, *sorted(tags)], tags

    def any_query(self, rng: random.Random) -> list[str]:
        first, second = rng.choices(self.WORDS, k=2)
        parts = (first, second, f"{first[:2]}*", f'"{first} {second}"', "#leaf", "#tea")
        parts += ("from:john", "from:susan", "from:mallory", "absent")
        return rng.sample(parts, k=rng.randint(1, 4))

    def assert_found(self, parts: list[str], posts: list, is_hiding: bool) -> None:
        expected = [
            post_id
            for post_id, author, words, tags in reversed(posts)
            if all(self.fits(part, author, words, tags) for part in parts)
            and not (is_hiding and (author == "mallory" or "hidden" in words))
        ]
        query = search_terms.parse(" ".join(parts))
        with self.subTest(parts, is_hiding=is_hiding):
            page = search.posts(query, 0, NEWEST_PAGE)
            found = [row.id for row in page.rows]
            while page.older:
                page = search.posts(query, 0, Bounds(older=page.older))
                found += [row.id for row in page.rows]
            self.assertEqual(found, expected)
            if page.newer:
                page = search.posts(query, 0, Bounds(newer=page.newer))
                self.assertEqual(len(page.rows), PAGE_SIZE)

    def fits(self, part: str, author: str, words: list[str], tags: set[str]) -> bool:
        if part.startswith("from:"):
            return part == f"from:{author}"
        if part.startswith("#"):
            return part[1:] in tags
        if part.endswith("*"):
            return any(word.startswith(part[:-1]) for word in words)
        if part.startswith('"'):
            return f" {part[1:-1]} " in f" {' '.join(words)} "
        return part in words


class RowsReadTests(HiddenPostsTestCase):
    """A page reads a few of many posts, whether or not some are hidden."""

    # With fewer, PostgreSQL rightly reads them all.
    POSTS = 20_000
    OTHERS = 3000
    # Of each of the tables of posts, tags and words, and of what hides.
    MAX_READ = POSTS // 20
    TABLES = ("post", "tag", "post_search", "mention", "block", "hidden_post", "suspension")
    # Of SQLite's machine, which takes more than two for a row that it passes.
    MAX_STEPS = POSTS * 2
    LIMITS = {"MAX_WALKED": 100, "MAX_LOOKED_UP": 100, "MAX_COUNTED": 100}

    def setUp(self):
        super().setUp()
        self.write(PAGE_SIZE + 5)
        mary = self.person("mary")
        moment = now()
        with writing() as session:
            last = session.scalar(sa.select(sa.func.max(Post.id)))
            rows = [
                {"id": last + 1 + n, "user_id": mary.id, "timestamp": moment}
                | {"body": f"post {n}: tea" if n % 2 else f"hidden {n}: green"}
                for n in range(self.POSTS)
            ]
            # Every second one is a reply in one long conversation.
            seen = Post.user_id == self.susan.id, Post.body.like("post %")
            self.root = session.scalar(sa.select(sa.func.max(Post.id)).where(*seen))
            for n, row in enumerate(rows):
                answered = self.root if n % 4 == 1 else row["id"] - 2
                row["reply_to_id"] = answered if n % 2 else None
                row["thread_id"] = self.root if n % 2 else row["id"]
            session.execute(sa.insert(Post.__table__), rows)
            tags = [{"name": "tea", "post_id": row["id"]} for row in rows[::3]]
            session.execute(sa.insert(Tag.__table__), tags)
        others = add_people([f"other{n}" for n in range(self.OTHERS)])[-self.OTHERS :]
        john, few = self.john.id, others[:200]
        hides = {"reason": "for a test", "since": moment}
        with writing() as session:
            pairs = [{"blocker_id": john, "blocked_id": other} for other in few]
            pairs += [{"blocker_id": other, "blocked_id": john} for other in others[200:400]]
            pairs += [{"blocker_id": n, "blocked_id": m} for n, m in itertools.pairwise(others)]
            session.execute(sa.insert(Block), pairs)
            session.execute(
                sa.insert(HiddenPost), [{"post_id": row["id"], **hides} for row in rows[::7]]
            )
            session.execute(sa.insert(Suspension), [{"user_id": n, **hides} for n in others])
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # Its planner has to know that there are many; the tests' databases are young.
                # All rows are its sample, so that each run plans alike.
                connection.execute(sa.text("SET default_statistics_target = 1000"))
                connection.execute(sa.text("VACUUM ANALYZE"))

    def test_nothing_hidden(self):
        with conditions(**self.LIMITS):
            self.assert_few_rows()

    def test_some_hidden(self):
        with conditions(*hidden(), **self.LIMITS):
            self.assert_few_rows()

    def test_what_the_site_hides(self):
        with conditions(*OWN_CONDITIONS, **self.LIMITS):
            self.assert_few_rows()

    def assert_few_rows(self):
        root, middle = f"/post/{self.root}", self.root + 1000
        posts = (*LISTS, *FEEDS, "/search?q=absent", "/search?q=from%3Amary+leaf", root)
        posts += (f"{root}?newer={middle}", f"{root}?older={middle}", f"{root}.atom")
        people = ("/user/susan/followers", "/user/john/following", "/settings/blocked")
        for path in {*posts, *people}:
            with self.subTest(path):
                statements = self.sent(path)
                reads_posts = any("post.body" in statement for statement, _ in statements)
                self.assertEqual(reads_posts, path in posts)
                for statement, values in statements:
                    explain = {"sqlite": self.scans, "postgresql": self.rows_read}
                    explain[db.engine.dialect.name](statement, values)

    def sent(self, path: str) -> list[tuple[str, object]]:
        """Return the SELECTs of a page, and the values in them."""
        browser = self.browser(self.john)
        statements = sent_selects(lambda: browser.get(path))
        self.assertEqual(browser.status, 200)
        return statements

    def scans(self, statement: str, values) -> None:
        db.session.rollback()
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [step[-1] for step in plan]
        for step in steps:
            # An alias is called user_1.
            scanned = re.match(r"SCAN (\w+?)(_\d+)?\b(?! VIRTUAL)", step)
            if scanned:
                self.assertNotIn(scanned[1], self.TABLES, steps)
            self.assertNotIn("AUTOMATIC", step, steps)
        driver = db.session.connection().connection.driver_connection
        ticks = itertools.count()
        # It goes on when what is called says 0.
        driver.set_progress_handler(lambda: next(ticks) < 0, STEPS)
        try:
            driver.execute(statement, values).fetchall()
        finally:
            driver.set_progress_handler(None, 0)
        self.assertLess(next(ticks) * STEPS, self.MAX_STEPS, steps)

    def rows_read(self, statement: str, values) -> None:
        db.session.rollback()
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (plan,) = db.session.connection().exec_driver_sql(explain, values).scalar_one()
        for table in self.TABLES:
            read = _rows_read(plan["Plan"], table)
            self.assertLess(read, self.MAX_READ, f"{table}: {json.dumps(plan, indent=1)}")


def _rows_read(node: dict, table: str) -> int:
    read = sum(_rows_read(child, table) for child in node.get("Plans", ()))
    if node.get("Relation Name") != table:
        return read
    each = node["Actual Rows"] + sum(n for key, n in node.items() if key.startswith("Rows Removed"))
    return read + each * node["Actual Loops"]
