"""Whatever is looked for and hidden, few rows are read and none is missed."""

import itertools
import random

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import Block, HiddenPost, Post, Suspension, User, followers
from app.models.posts.brought import PostToBring, bring_along
from app.models.posts.post import Tag
from app.queries.pagination import NEWEST_PAGE, PAGE_SIZE, Bounds
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.tests.bench.queries import add_people
from app.tests.support.base import SITE
from app.tests.support.data.plans import POSTS, PlansMixin
from app.tests.support.data.visibility import (
    FEEDS,
    LISTS,
    OWN_CONDITIONS,
    HiddenPostsTestCase,
    conditions,
    hidden,
)


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


class RowsReadTests(PlansMixin, HiddenPostsTestCase):
    """A page reads a few of many posts and users, whether or not some are hidden."""

    # Of those who are suspended, and of those who are not.
    OTHERS = 3000
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
                for n in range(POSTS)
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
        names = [f"{kind}{n}" for kind in ("other", "fan") for n in range(self.OTHERS)]
        people = add_people(names)[-len(names) :]
        others, fans = people[: self.OTHERS], people[self.OTHERS :]
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
        pairs = [*itertools.pairwise(fans[:1500]), *((fan, john) for fan in fans[:1100])]
        follows = [{"follower_id": one, "followed_id": other} for one, other in pairs]
        # Each is counted in the row of john, of which one transaction would keep all versions.
        for start in range(0, len(follows), 100):
            with writing() as session:
                session.execute(sa.insert(followers), follows[start : start + 100])
        self.know_the_tables()

    def test_few_rows_are_read_whatever_is_hidden(self):
        for which, chosen in (("nothing", ()), ("some", hidden()), ("the site's", OWN_CONDITIONS)):
            with self.subTest(which), conditions(*chosen, **self.LIMITS):
                self.assert_few_rows()

    def assert_few_rows(self):
        root, middle = f"/post/{self.root}", self.root + 1000
        posts = (*LISTS, *FEEDS, "/search?q=absent", "/search?q=from%3Amary+leaf", root)
        posts += (f"{root}?newer={middle}", f"{root}?older={middle}", f"{root}.atom")
        people = ("/user/susan/followers", "/user/john/following", "/user/john/followers")
        browser = self.browser(self.john)
        people += ("/settings/blocked", "/search/people?q=fan299", "/search/people?q=absent")
        for path in {*posts, *people}:
            with self.subTest(path):
                statements = self.assert_reads_few(lambda path=path: browser.get(path))
                self.assertEqual(browser.status, 200)
                reads_posts = any("post.body" in statement for statement in statements)
                self.assertEqual(reads_posts, path in posts)
