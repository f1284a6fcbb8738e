"""The command that fills a database to try the site with."""

import random
import re
from collections import Counter

import sqlalchemy as sa

from app import db
from app.cli.demo import filling as demo
from app.models import Identity, User, followers
from app.models.posts import contents
from app.models.posts.post import Mention, Post, Tag
from app.provider.models import Account
from app.tests.support.base import SITE, PeopleTestCase


class DemoTests(PeopleTestCase):
    def rows(self, *columns) -> list:
        db.session.rollback()
        return sorted(db.session.execute(sa.select(*columns)).all())

    def author(self, post_id: int) -> str:
        return db.session.get(User, db.session.get(Post, post_id).user_id).nickname

    def test_it_fills_the_database_and_says_how_to_sign_in(self):
        result = self.run_command("demo", "--users", "30", "--posts", "200")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual((self.count(User), self.count(Post)), (32, 200))
        # With the port: whoever copies it gets there.
        self.assertIn(f"{SITE}/login", result.stdout)
        username = re.search(r"^username (\S+)$", result.stdout, re.MULTILINE)[1]
        password = re.search(r"^password (\S+)$", result.stdout, re.MULTILINE)[1]
        browser = self.browser()
        browser.get("/login")
        browser.submit(username=username, password=password)
        self.assertEqual((browser.status, browser.path), (200, "/"))
        self.assertEqual(browser.page.heading, "Home")
        self.assertNotIn("You follow nobody yet", browser.page.words)

    def test_everything_looks_as_if_people_had_written_it(self):
        demo.fill(40, 300, random.Random(2))
        posts = self.rows(Post.id, Post.body, Post.timestamp, Post.edited)
        self.assertTrue(all(0 < len(post.body) <= 140 for post in posts))
        times = [post.timestamp for post in posts]
        self.assertEqual(times, sorted(times))
        self.assertGreater((times[-1] - times[0]).days, 60)
        self.assertTrue(any(post.edited for post in posts))
        self.assertEqual(len({post.body for post in posts}), 300)
        with self.subTest("all write, and none much more than the others"):
            written = Counter(row.user_id for row in self.rows(Post.id, Post.user_id))
            self.assertEqual(len(written), 40)
            self.assertLess(max(written.values()), 3 * 300 / 40)
        with self.subTest("an answer comes after what it answers"):
            for number, post in enumerate(posts):
                if first := re.match(r"@(\S+)", post.body):
                    names = [self.author(before.id) for before in posts[:number]]
                    self.assertIn(first[1], names)
        with self.subTest("and is in its conversation"):
            replies = self.rows(Post.id, Post.reply_to_id, Post.thread_id, Post.body)
            answered = {post_id: thread_id for post_id, _, thread_id, _ in replies}
            for post_id, reply_to_id, thread_id, body in replies:
                self.assertEqual(reply_to_id is not None, body.startswith("@"))
                self.assertEqual(thread_id, answered.get(reply_to_id, post_id))
        tags = {(name, post.id) for post in posts for name in contents.tags_of(post.body)}
        self.assertEqual({tuple(row) for row in self.rows(Tag.name, Tag.post_id)}, tags)
        keys = {(key, post.id) for post in posts for key in contents.mentions_in(post.body)}
        found = {tuple(row) for row in self.rows(Mention.nickname_key, Mention.post_id)}
        self.assertEqual(found, keys)
        members = {row.nickname_key for row in self.rows(User.nickname_key)}
        self.assertTrue({key for key, _ in keys} & members)
        self.assertTrue(any("https://" in post.body for post in posts))
        self.assertTrue(self.rows(followers))
        self.assertFalse([row for row in self.rows(followers) if row[0] == row[1]])
        visitor = self.browser()
        visitor.get("/search?q=tea")
        self.assertIn("<mark>", visitor.text)

    def test_one_seed_makes_one_community(self):
        made = []
        for _ in range(2):
            demo.fill(20, 50, random.Random(7))
            made.append([row.body for row in self.rows(Post.id, Post.body)])
            self.empty_database()
        self.assertEqual(*made)

    def test_a_database_in_use_stays_whole(self):
        first = self.john.write("was here before")
        for _ in range(3):
            result = self.run_command("demo", "--users", "150", "--posts", "10")
            self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual((self.count(User), self.count(Post)), (452, 31))
        self.assertEqual((self.count(Account), self.count(Identity)), (3, 5))
        times = [row.timestamp for row in self.rows(Post.id, Post.timestamp)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(db.session.get(Post, first.id).body, "was here before")

    def test_without_a_provider_it_says_so(self):
        app = self.make_app(PROVIDER="off")
        result = self.run_command("demo", "--users", "2", "--posts", "0", app=app)
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn("PROVIDER is off", result.output)
        self.assertEqual(self.count(Account), 0)
