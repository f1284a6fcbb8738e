"""The places of posts that are gone from a conversation, and the numbers on its page."""

import random
import re

import sqlalchemy as sa

from app.database import writing
from app.models import Block, HiddenPost, Post, Suspension, Thing, User
from app.models.moderation.decisions import Decision, decide
from app.tests.conversations.reading import PageCase
from app.tests.support.base import Browser
from app.tests.support.reading import shown


class GoneTests(PageCase):
    """Lines in the places of posts that are not shown, as long as something answers them."""

    def setUp(self):
        super().setUp()
        self.post_id = self.susan.write("about to go", self.root).id

    def line(self, reader: User | None = None) -> str | None:
        """Return what stands in the place of susan's post: a line, or None for nothing."""
        found = dict(self.places(self.open(self.root, reader)))
        browser = self.open(self.post_id, reader)
        if self.post_id not in found:
            self.assertEqual(browser.status, 404)
            return None
        self.assertNotIn("about to go", browser.text)
        # The place is kept at its own address, and nothing there can be answered.
        self.assertEqual(self.places(browser)[1], (self.post_id, found[self.post_id]))
        self.assertEqual(self.current(browser), [self.post_id])
        self.assertFalse(any("post" in form.names for form in browser.page.forms))
        self.assertIn("still here", shown(browser))
        self.assertIn(
            f'href="/post/{self.post_id}#post-{self.post_id}">another post<', browser.text
        )
        return found[self.post_id]

    def test_each_says_why(self):
        for why, go, line, back in (
            ("author", self.by_author, "A post deleted by its author", None),
            ("leaves", self.susan_leaves, "A post deleted by its author", None),
            ("moderator", self.by_moderator, "A post deleted by a moderator", None),
            ("removed", self.removed, "A post deleted by a moderator", None),
            ("hidden", self.hide, "A post hidden by a moderator", None),
            ("suspended", self.suspend_susan, "A post by a person who is suspended", None),
            ("block", self.block, "A post by a person whom you have blocked", self.john),
            # They are not told.
            ("blocked", self.be_blocked, "A post that you do not see", self.john),
        ):
            with self.subTest(why):
                self.empty_database()
                self.setUp()
                reader = {"block": self.john, "blocked": self.john}.get(why)
                reply = self.mary.write("still here", self.post_id).id
                go()
                self.assertEqual(self.line(reader), line)
                self.assertEqual(back is None, reader is None)
                # The other replies go; and with the last one its place.
                Post.delete(reply, self.mary.id)
                self.assertIsNone(self.line(reader))

    def by_author(self):
        self.assertTrue(Post.delete(self.post_id, self.susan.id))

    def susan_leaves(self):
        self.susan.delete()

    def by_moderator(self):
        decide(Decision("delete", Thing(self.susan.id, self.post_id), "Bad."), self.mary)

    def removed(self):
        self.susan.delete(refuse_identifiers=True)

    def hide(self):
        decide(Decision("hide", Thing(self.susan.id, self.post_id), "Bad."), self.mary)

    def suspend_susan(self):
        self.suspend(self.susan)

    def block(self):
        Block.begin(self.john.id, self.susan.id)

    def be_blocked(self):
        Block.begin(self.susan.id, self.john.id)

    def test_without_replies_nothing_stands_there(self):
        for go in (self.by_author, self.by_moderator, self.hide, self.suspend_susan):
            with self.subTest(go.__name__):
                self.empty_database()
                self.setUp()
                go()
                self.assertIsNone(self.line())

    def test_replies_that_the_reader_does_not_see_are_none(self):
        self.mary.write("still here", self.post_id)
        self.by_author()
        self.assertIsNotNone(self.line(self.john))
        Block.begin(self.john.id, self.mary.id)
        self.assertIsNone(self.line(self.john))
        self.assertIsNotNone(self.line())

    def test_a_conversation_goes_on_without_its_root(self):
        last = self.mary.write("still here", self.post_id).id
        Post.delete(self.root, self.john.id)
        for post_id in (self.root, self.post_id, last):
            self.assertEqual(
                self.places(self.open(post_id)),
                [(self.root, "A post deleted by its author"), (self.post_id, ""), (last, "")],
            )
        again = self.john.write("and I am back", last).id
        self.assertEqual(self.row(again), (last, self.root))
        browser = self.open(self.root, self.john)
        self.assertEqual(browser.page.heading, "Conversation")
        self.assertNotIn("og:description", browser.text)

    def test_who_brings_all_posts_down_leaves_no_places_for_oneself(self):
        other = self.john.write("to oneself", self.root).id
        self.john.write("and again", other)
        self.john.delete_posts()
        self.assertEqual(
            self.places(self.open(self.post_id)),
            [(self.root, "A post deleted by its author"), (self.post_id, "")],
        )


class AgreementTests(PageCase):
    """Whatever has happened to a conversation: the numbers on its page are what its page shows."""

    PEOPLE, POSTS = 6, 50

    def test_numbers_and_places_are_those_of_a_plain_model(self):
        for seed in range(2):
            with self.subTest(seed=seed):
                self.empty_database()
                self.setUp()
                self.happen(random.Random(seed))
                for reader in (None, *self.people[:2]):
                    self.compare(reader)

    def happen(self, rng: random.Random) -> None:
        self.people = [self.person(f"p{n}") for n in range(self.PEOPLE)]
        self.posts = {self.root: (self.john.id, None)}
        for n in range(self.POSTS):
            writer, answered = rng.choice(self.people), rng.choice(list(self.posts)[-12:])
            post = writer.write(f"post {n}", answered)
            self.posts[post.id] = (writer.id, answered)
        ids = list(self.posts)
        self.deleted = set(rng.sample(ids, 9))
        for post_id in self.deleted:
            Post.delete(post_id, self.posts[post_id][0])
        self.hidden = set(rng.sample(sorted(set(ids) - self.deleted), 7))
        self.blocks = {tuple(rng.sample([p.id for p in self.people], 2)) for _ in range(5)}
        self.suspended = self.people[-1].id
        with writing() as session:
            session.add_all(HiddenPost(post_id=post_id, reason="x") for post_id in self.hidden)
            session.add_all(Block(blocker_id=a, blocked_id=b) for a, b in self.blocks)
            session.add(Suspension(user_id=self.suspended, reason="x"))

    def sees(self, reader: int, post_id: int) -> bool:
        author, _ = self.posts[post_id]
        if post_id in self.deleted:
            return False
        apart = {(reader, author), (author, reader)} & self.blocks
        out = post_id in self.hidden or author == self.suspended or apart
        return author == reader or not out

    def compare(self, reader: User | None) -> None:
        me = reader.id if reader else 0
        seen = {post_id for post_id in self.posts if self.sees(me, post_id)}
        replies = {post_id: 0 for post_id in self.posts}
        for post_id in seen - {self.root}:
            replies[self.posts[post_id][1]] += 1
        places = sorted(p for p in self.posts if p in seen or replies[p])
        browser = self.open(max(seen), reader)
        self.assertEqual([n for n, _ in self.whole(browser)], places)
        for post_id in list(self.posts)[::4]:
            browser = self.open(post_id, reader)
            self.assertEqual(browser.status, 200 if post_id in places else 404)
            for number, count in self.counts(browser).items():
                self.assertEqual(count, replies[number])
        # And so do the lists.
        for path in ("/explore", "/user/p0/replies", "/user/p5/replies"):
            browser.get(path)
            for number, count in self.counts(browser).items():
                self.assertEqual(count, replies[number], path)

    def counts(self, browser: Browser) -> dict[int, int]:
        found = {}
        for article in re.findall(r"<article.*?</article>", browser.text, re.DOTALL):
            number = int(re.search(r'id="post-(\d+)"', article)[1])
            count = re.search(r">(\d+) repl(y|ies)<", article)
            found[number] = int(count[1]) if count else 0
        return found

    def test_of_very_many_it_says_so(self):
        with writing() as session:
            row = {"user_id": self.susan.id, "reply_to_id": self.root, "thread_id": self.root}
            session.execute(sa.insert(Post), [{"body": "x", **row} for _ in range(99)])
        self.assertIn("99 replies", self.open(self.root).page.links)
        self.susan.write("x", self.root)
        self.assertIn("99+ replies", self.open(self.root).page.links)
