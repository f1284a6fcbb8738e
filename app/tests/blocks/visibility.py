"""Who sees what: posts and people behind blocks, moderators' decisions and suspensions."""

import itertools
import re
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import Block, HiddenPost, Post, SignIn, Suspension, User, followers
from app.queries.pagination import PAGE_SIZE
from app.tests.pages.lists import visibility as pages
from app.tests.support.base import Browser
from app.tests.support.data.visibility import FEEDS, LISTS, OWN_CONDITIONS, conditions

DAY = timedelta(days=1)


def name(reader: User | None) -> str:
    return reader.nickname if reader else "a visitor"


class BlockedHiddenAndSuspendedTests(pages.HiddenPostsTests):
    """The same with what the site itself hides: by blocks, moderators and suspensions, mixed.

    John follows all of them, although a block ends that: a list must not rely on it.
    """

    def setUp(self):
        super().setUp()
        self.enterContext(conditions(*OWN_CONDITIONS, **self.LIMITS))
        self.peggy, self.trudy, self.victor = map(self.person, ("peggy", "trudy", "victor"))
        self.unseen = (self.mallory, self.peggy, self.trudy, self.victor)
        moment = now()
        # Nobody signs in who is suspended.
        self.tokens = {
            user.id: SignIn.begin(user.id, user.identifiers()[0])
            for user in (self.trudy, self.victor)
        }
        with writing() as session:
            session.add_all(
                [
                    Block(blocker_id=self.john.id, blocked_id=self.peggy.id),
                    Suspension(user_id=self.trudy.id, reason="for good"),
                    Suspension(user_id=self.victor.id, reason="a day", until=moment + DAY),
                    # One that is over hides nothing.
                    Suspension(user_id=self.susan.id, reason="over", until=moment - DAY),
                ]
            )
            for reader in (self.john, self.susan):
                session.add(Block(blocker_id=self.mallory.id, blocked_id=reader.id))
            session.add(Block(blocker_id=self.susan.id, blocked_id=self.peggy.id))
            pairs = [{"follower_id": self.john.id, "followed_id": u.id} for u in self.unseen[1:]]
            session.execute(sa.insert(followers), pairs)

    def browser(self, user: User | None = None) -> Browser:
        if user is None or user.id not in self.tokens:
            return super().browser(user)
        browser = super().browser()
        browser.take_sign_in(self.tokens[user.id])
        return browser

    def write(self, seen: int) -> list[int]:
        ids = []
        for n in range(seen):
            self.hide(self.susan.write(f"hidden post {n}: green tea #tea #leaf"))
            if n % 3 == 0:
                self.unseen[n // 3 % 4].write(f"post {n}: green tea #tea #leaf")
            ids.append(self.susan.write(f"post {n}: green tea #tea #leaf").id)
        for n in range(30):
            self.hide(self.susan.write(f"hidden post on top, {n}: green tea #tea #leaf"))
            self.unseen[n % 4].write(f"post on top, {n}: green tea #tea #leaf")
        return ids[::-1]

    def hide(self, post: Post) -> None:
        with writing() as session:
            session.add(HiddenPost(post_id=post.id, reason="for a test"))

    def test_a_visitor_sees_no_more(self):
        self.write(PAGE_SIZE)
        hidden_ones = sa.select(HiddenPost.post_id)
        suspended = (self.trudy.id, self.victor.id)
        # Whom somebody blocks is no matter to others.
        everything = db.session.scalars(
            sa.select(Post.id)
            .where(Post.id.not_in(hidden_ones), Post.user_id.not_in(suspended))
            .order_by(Post.id.desc())
        ).all()
        of_susan = db.session.scalars(
            sa.select(Post.id)
            .where(Post.id.in_(everything), Post.user_id == self.susan.id)
            .order_by(Post.id.desc())
        ).all()
        self.assertGreater(len(everything), len(of_susan))
        for path in LISTS[1:]:
            with self.subTest(path):
                is_of_susan = "susan" in path
                visitor = self.browser()
                visitor.get(path)
                expected = of_susan if is_of_susan else everything
                self.assertEqual(sum(self.down(visitor), []), expected)

    def test_feeds_are_full(self):
        seen = self.write(PAGE_SIZE + 2)
        for path in FEEDS:
            with self.subTest(path):
                ids = re.findall(r"<id>[^<]*/post/(\d+)</id>", self.open(path).text)
                self.assertEqual(list(map(int, ids)), seen[:PAGE_SIZE])

    def test_a_single_post(self):
        hidden_one = self.susan.write("hidden")
        self.hide(hidden_one)
        of_susan, of_mallory, of_peggy, of_trudy, of_victor = (
            user.write("tea") for user in (self.susan, *self.unseen)
        )
        users = (self.john, self.susan, self.person("mary"), *self.unseen)
        readers = {None: None, **{user.nickname: user for user in users}}
        # Who sees it, of everybody.
        for post, author, seeing in (
            (of_susan, "susan", {*readers} - {"mallory", "peggy"}),
            (hidden_one, "susan", {"susan"}),
            (of_mallory, "mallory", {*readers} - {"john", "susan"}),
            (of_peggy, "peggy", {*readers} - {"john", "susan"}),
            (of_trudy, "trudy", {"trudy"}),
            (of_victor, "victor", {"victor"}),
        ):
            for nickname, reader in readers.items():
                with self.subTest(author=author, reader=nickname, post=post.id):
                    browser = self.browser(reader)
                    browser.get(f"/post/{post.id}")
                    self.assertEqual(browser.status, 200 if nickname in seeing else 404)
                    # Nobody else is told why it is not there.
                    is_told = author == "peggy" and nickname in {"john", "susan"}
                    is_told |= (author, nickname) == ("susan", "mallory") and post is of_susan
                    self.assertEqual("whom you have blocked" in browser.page.words, is_told)

    def test_who_is_hidden_is_in_no_list_of_people(self):
        everybody = (self.john, self.susan, *self.unseen)
        rows = [
            {"follower_id": one.id, "followed_id": other.id}
            for one, other in itertools.permutations(everybody, 2)
        ]
        with writing() as session:
            session.execute(sa.delete(followers))
            session.execute(sa.insert(followers), rows)
        mary = self.person("mary")
        mine, others = {"john"}, {"susan", "mallory", "peggy", "trudy", "victor"}
        in_force = {"trudy", "victor"}
        for reader, unseen in (
            (None, in_force),
            (mary, in_force),
            (self.john, in_force | {"mallory", "peggy"}),
            # Both are blocked with susan as well; trudy, who reads, sees herself.
            (self.susan, in_force | {"mallory", "peggy"}),
            (self.trudy, {"victor"}),
            (self.mallory, in_force | {"john", "susan"}),
        ):
            for which in ("followers", "following"):
                with self.subTest(reader=name(reader), which=which):
                    self.assertEqual(self.people(reader, f"/user/john/{which}"), others - unseen)
            found = set()
            for one in (*mine, *others):
                found |= self.people(reader, f"/search/people?q={one}")
                self.assertEqual(
                    self.people(reader, f"/search/people?q={one}"),
                    self.people(reader, f"/search?q={one}"),
                )
            with self.subTest(reader=name(reader)):
                self.assertEqual(found, (mine | others) - unseen)

    def people(self, reader: User | None, path: str) -> set[str]:
        browser = self.browser(reader)
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return set(re.findall(r'<p class="person">.*?<a href="/user/([^"]*)">', browser.text))
