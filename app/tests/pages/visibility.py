"""Posts that a reader may not see leave no gap: every page of every list stays full."""

import importlib
import json
import random
import re
from contextlib import contextmanager
from unittest import mock
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import db
from app.database import now, writing
from app.models import Post, User
from app.models.posts import Tag
from app.queries import search, search_statements, search_terms, timelines, visibility
from app.queries.pagination import NEWEST_PAGE, PAGE_SIZE, Bounds
from app.tests.support.base import Browser, PeopleTestCase
from app.tests.support.reading import asking, shown

# Words, a prefix and phrases; an author and tags; and all of them together.
QUERIES = (
    "tea",
    "te*",
    "t*",
    '"green tea"',
    '"green te*"',
    "tea green post",
    "from:susan",
    "#tea",
    "#tea #leaf",
    "#leaf tea",
    "from:susan #tea",
    "from:susan tea",
    "from:susan #leaf #tea gre*",
)
LISTS = ("/", "/explore", "/user/susan", "/tag/tea", *(f"/search?q={quote(q)}" for q in QUERIES))
FEEDS = ("/explore.atom", "/user/susan.atom", "/tag/tea.atom")


@contextmanager
def conditions(*chosen: sa.ColumnElement[bool], **limits: int):
    """Let all lists take these conditions, and search other limits; statements are made anew."""
    with mock.patch.object(visibility, "CONDITIONS", chosen):
        _make_statements(limits)
        try:
            yield
        finally:
            visibility.CONDITIONS = ()
            _make_statements({})


def _make_statements(limits: dict[str, int]) -> None:
    for module in (timelines, search_statements, search):
        importlib.reload(module)
    for name, value in limits.items():
        setattr(search_statements, name, value)


def hidden() -> tuple[sa.ColumnElement[bool], ...]:
    """Give conditions of each kind: on the post, on who reads, and on the author's row."""
    author = aliased(User)
    return (
        sa.or_(Post.body.not_like("%hidden%"), Post.user_id == visibility.READER),
        ~sa.exists().where(author.id == Post.user_id, author.nickname_key == "mallory"),
    )


class HiddenPostsTestCase(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.mallory = self.person("mallory")
        self.john.follow(self.susan)
        self.john.follow(self.mallory)

    def write(self, seen: int) -> list[int]:
        """Let susan write so many posts, each after a hidden one, and thirty hidden ones on top.

        Gives the ids of those that are seen, newest first.
        """
        ids = []
        for n in range(seen):
            self.susan.write(f"hidden post {n}: green tea #tea #leaf")
            if n % 5 == 0:
                self.mallory.write(f"post {n}: green tea #tea #leaf")
            ids.append(self.susan.write(f"post {n}: green tea #tea #leaf").id)
        for n in range(30):
            self.susan.write(f"hidden post on top, {n}: green tea #tea #leaf")
        return ids[::-1]

    def open(self, path: str, reader: User | None = None) -> Browser:
        browser = self.browser(reader or self.john)
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return browser

    def ids(self, browser: Browser) -> list[int]:
        self.assertEqual(browser.status, 200)
        found = re.findall(r'<a class="time u-url" href="/post/(\d+)"', browser.text)
        self.assertEqual(len(found), len(shown(browser)))
        return list(map(int, found))

    def down(self, browser: Browser) -> list[list[int]]:
        """Give the ids of this page and of all that are older."""
        pages = [self.ids(browser)]
        while "Older" in browser.page.links:
            browser.get(browser.page.links["Older"])
            pages.append(self.ids(browser))
        return pages


class HiddenPostsTests(HiddenPostsTestCase):
    # Neither is a walk of PostgreSQL long enough, nor a list short enough to be counted.
    LIMITS = {"MAX_WALKED": 40, "MAX_LOOKED_UP": 40, "MAX_COUNTED": 10}

    def setUp(self):
        super().setUp()
        self.enterContext(conditions(*hidden(), **self.LIMITS))

    def test_every_page_down_and_up_again_is_full(self):
        seen = self.write(2 * PAGE_SIZE + 3)
        pages = [seen[start : start + PAGE_SIZE] for start in range(0, len(seen), PAGE_SIZE)]
        for path in LISTS:
            with self.subTest(path):
                browser = self.open(path)
                self.assertNotIn("Newer", browser.page.links)
                self.assertEqual(self.down(browser), pages)
                up = [self.ids(browser)]
                while "Newer" in browser.page.links:
                    browser.get(browser.page.links["Newer"])
                    up.append(self.ids(browser))
                self.assertEqual(up[::-1], pages)

    def test_every_page_from_anywhere_is_full(self):
        seen = self.write(PAGE_SIZE + 15)
        everywhere = range(seen[-1] - 3, seen[0] + 35, 9)
        for path in LISTS:
            browser = self.browser(self.john)
            for at in everywhere:
                with self.subTest(path, at=at):
                    older = [n for n in seen if n < at]
                    browser.get(asking(path, f"older={at}"))
                    self.assertEqual(self.ids(browser), older[:PAGE_SIZE])
                    self.assertEqual("Older" in browser.page.links, len(older) > PAGE_SIZE)
                    newer = [n for n in seen if n > at]
                    browser.get(asking(path, f"newer={at}"))
                    self.assertEqual(self.ids(browser), newer[-PAGE_SIZE:])
                    self.assertEqual("Newer" in browser.page.links, len(newer) > PAGE_SIZE)

    def test_feeds_are_full(self):
        seen = self.write(PAGE_SIZE + 2)
        for path in FEEDS:
            with self.subTest(path):
                browser = self.open(path)
                ids = re.findall(r"<id>[^<]*/post/(\d+)</id>", browser.text)
                self.assertEqual(list(map(int, ids)), seen[:PAGE_SIZE])
                self.assertNotIn("hidden", browser.text)
                # What depends on who reads is kept for nobody else.
                self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
                visitor = self.browser()
                visitor.get(path)
                self.assertIn("public", visitor.response.headers["Cache-Control"])

    def test_a_visitor_sees_no_more(self):
        seen = self.write(PAGE_SIZE)
        for path in LISTS[1:]:
            visitor = self.browser()
            visitor.get(path)
            self.assertEqual(self.ids(visitor), seen)
            self.assertNotIn("Older", visitor.page.links)

    def test_who_may_see_more_does_on_every_page(self):
        self.write(PAGE_SIZE)
        all_of_susan = sa.select(Post.id).where(Post.user_id == self.susan.id)
        everything = db.session.scalars(all_of_susan.order_by(Post.id.desc())).all()
        # She follows nobody, and reads everybody at home; then her own.
        for path in LISTS:
            with self.subTest(path):
                self.assertEqual(sum(self.down(self.open(path, self.susan)), []), everything)
        self.susan.follow(self.john)
        self.assertEqual(sum(self.down(self.open("/", self.susan)), []), everything)

    def test_a_single_post(self):
        hidden_one, of_mallory = self.susan.write("hidden"), self.mallory.write("tea")
        for post, reader, status in (
            (hidden_one, self.john, 404),
            (hidden_one, None, 404),
            (hidden_one, self.susan, 200),
            (of_mallory, self.john, 404),
            (of_mallory, self.mallory, 404),
        ):
            browser = self.browser(reader)
            browser.get(f"/post/{post.id}")
            self.assertEqual(browser.status, status)

    def test_nothing_at_all_is_left(self):
        self.write(0)
        for path in LISTS:
            browser = self.open(path)
            self.assertEqual(self.ids(browser), [])
            self.assertFalse({"Older", "Newer"} & set(browser.page.links), path)


class HiddenPostsInOneWalkTests(HiddenPostsTests):
    """The same when a search finds all that there is before it asks the index."""

    LIMITS: dict[str, int] = {}


class AnyQueryTests(HiddenPostsTestCase):
    """Queries of all kinds find what a look at each post finds, however long a walk is."""

    WORDS = ("ant", "bee", "beetle", "cat")
    TAGS = ("leaf", "tea")

    def test_any_query(self):
        rng = random.Random(12)
        authors = (self.john, self.susan, self.mallory)
        posts = [self.write_any(rng, rng.choice(authors)) for _ in range(150)]
        for limit in (0, 5, 60, 1000):
            walks = {"MAX_WALKED": limit, "MAX_LOOKED_UP": limit, "MAX_COUNTED": limit or 1}
            for chosen in ((), hidden()):
                with conditions(*chosen, **walks):
                    for _ in range(60):
                        self.assert_found(self.any_query(rng), posts, is_hiding=bool(chosen))

    def write_any(self, rng: random.Random, author: User) -> tuple[int, str, list[str], set[str]]:
        """Write a post; give its id, its author, its words and its tags."""
        words = rng.choices((*self.WORDS, "hidden"), k=3)
        tags = {tag for tag in self.TAGS if rng.random() < 0.4}
        text = " ".join([*words, *(f"#{tag}" for tag in sorted(tags))])
        return author.write(text).id, author.nickname, [*words, *sorted(tags)], tags

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
    # Of each of the tables of posts, tags and words.
    MAX_READ = POSTS // 20
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
            session.execute(sa.insert(Post.__table__), rows)
            tags = [{"name": "tea", "post_id": row["id"]} for row in rows[::3]]
            session.execute(sa.insert(Tag.__table__), tags)
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # Its planner has to know that there are many; the tests' databases are young.
                connection.execute(sa.text("VACUUM ANALYZE"))

    def test_nothing_hidden(self):
        with conditions(**self.LIMITS):
            self.assert_few_rows()

    def test_some_hidden(self):
        with conditions(*hidden(), **self.LIMITS):
            self.assert_few_rows()

    def assert_few_rows(self):
        for path in (*LISTS, *FEEDS, "/search?q=absent", "/search?q=from%3Amary+leaf"):
            with self.subTest(path):
                statements = self.sent(path)
                self.assertTrue(any("post.body" in statement for statement, _ in statements))
                for statement, values in statements:
                    explain = {"sqlite": self.scans, "postgresql": self.rows_read}
                    explain[db.engine.dialect.name](statement, values)

    def sent(self, path: str) -> list[tuple[str, object]]:
        """Give the SELECTs of a page, and the values in them."""
        browser = self.browser(self.john)
        statements = []

        def note(connection, cursor, statement, parameters, *rest):
            if statement.lstrip("( ").startswith(("SELECT", "WITH")):
                statements.append((statement, parameters))

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            browser.get(path)
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)
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
                self.assertNotIn(scanned[1], {"post", "tag", "mention"}, steps)
            self.assertNotIn("AUTOMATIC", step, steps)

    def rows_read(self, statement: str, values) -> None:
        db.session.rollback()
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (plan,) = db.session.connection().exec_driver_sql(explain, values).scalar_one()
        for table in ("post", "tag", "post_search", "mention"):
            read = _rows_read(plan["Plan"], table)
            self.assertLess(read, self.MAX_READ, f"{table}: {json.dumps(plan, indent=1)}")


def _rows_read(node: dict, table: str) -> int:
    read = sum(_rows_read(child, table) for child in node.get("Plans", ()))
    if node.get("Relation Name") != table:
        return read
    each = node["Actual Rows"] + sum(n for key, n in node.items() if key.startswith("Rows Removed"))
    return read + each * node["Actual Loops"]
