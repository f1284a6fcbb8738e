"""Blocking: two people meet no more, nobody is told of it, and it can be undone."""

from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import Block, KeptApart, TooManyBlocks, User, followers
from app.models.relationships import blocks as models
from app.tests.support.base import Browser, PeopleTestCase
from app.views.settings.blocks import BLOCK_LIMIT

APART = "You and {} cannot follow each other."


def buttons(browser: Browser) -> list[str]:
    return [name for form in browser.page.forms for name in form.buttons]


class BlockingTests(PeopleTestCase):
    def block(self, blocker: User, blocked: User) -> None:
        self.assertTrue(Block.begin(blocker.id, blocked.id))

    def send(self, path: str, user: User) -> Browser:
        browser = self.browser(user)
        browser.get("/")
        browser.post(path, {"csrf_token": browser.token()})
        self.assertEqual(browser.status, 200)
        return browser

    def test_a_block_ends_follows_both_ways_and_no_others(self):
        mary = self.person("mary")
        self.john.follow(self.susan)
        self.susan.follow(self.john)
        self.susan.follow(mary)
        mary.follow(self.john)
        self.block(self.john, self.susan)
        left = db.session.execute(sa.select(followers)).all()
        self.assertEqual(
            {tuple(row) for row in left}, {(self.susan.id, mary.id), (mary.id, self.john.id)}
        )
        self.assertFalse(Block.begin(self.john.id, self.susan.id))
        self.assertTrue(Block.begin(self.susan.id, self.john.id))
        self.assertEqual(self.count(Block), 2)

    def test_neither_can_follow_the_other_while_one_of_them_blocks(self):
        self.block(self.john, self.susan)
        for one, other in ((self.john, self.susan), (self.susan, self.john)):
            with self.assertRaises(KeptApart):
                one.follow(other)
            # In the same words, whoever it is.
            browser = self.send(f"/user/{other.nickname}/follow", one)
            self.assertEqual(browser.page.alerts, [APART.format(other.nickname)])
            self.assertNotIn("Follow", buttons(browser))
        self.assertEqual(self.count(followers), 0)
        self.assertFalse(Block.end(self.susan.id, self.john.id))
        self.assertTrue(Block.end(self.john.id, self.susan.id))
        self.assertTrue(self.susan.follow(self.john))

    def test_each_undoes_but_ones_own(self):
        self.block(self.john, self.susan)
        self.block(self.susan, self.john)
        self.assertTrue(Block.end(self.john.id, self.susan.id))
        with self.assertRaises(KeptApart):
            self.john.follow(self.susan)

    def test_what_makes_no_sense_is_refused_gently(self):
        self.block(self.john, self.susan)
        for path, words in {
            "/user/john/block": "You cannot block yourself.",
            "/user/SUSAN/block": "You block susan already.",
            "/user/john/unblock": "You do not block john.",
        }.items():
            with self.subTest(path):
                self.assertEqual(self.send(path, self.john).page.statuses, [words])
        # Nor does it say who blocks whom.
        browser = self.send("/user/john/unblock", self.susan)
        self.assertEqual(browser.page.statuses, ["You do not block john."])
        for verb in ("block", "unblock"):
            for nickname in ("nobody", "a%00b", "x" * 200, "%ED%A0%80", "'--"):
                browser = self.send(f"/user/{nickname}/{verb}", self.john)
                self.assertRegex(browser.page.alerts[0], "^User .*not found")
        self.assertEqual(self.count(Block), 1)

    def test_it_takes_a_post_of_our_own_page_by_a_member(self):
        browser = self.browser(self.john)
        for verb in ("block", "unblock"):
            browser.get(f"/user/susan/{verb}")
            self.assertEqual(browser.status, 405)
            browser.post(f"/user/susan/{verb}", headers={"Origin": "https://evil.example"})
            self.assertEqual(browser.status, 400)
            visitor = self.browser()
            visitor.get("/login")
            visitor.post(f"/user/susan/{verb}", {"csrf_token": visitor.token()})
            self.assertEqual(visitor.status, 401)
        visitor.get("/settings/blocked")
        self.assertEqual(visitor.page.heading, "Sign in")
        self.assertEqual(self.count(Block), 0)

    def test_unblocking_leads_back_to_the_list_and_to_no_other_site(self):
        for target, expected in {
            "/settings/blocked": "/settings/blocked",
            "//evil.example": "/",
            "https://evil.example/": "/",
            "": "/user/susan",
        }.items():
            with self.subTest(target):
                self.block(self.john, self.susan)
                browser = self.browser(self.john)
                browser.get("/settings/blocked")
                fields = {"csrf_token": browser.token(), "next": target}
                browser.post("/user/susan/unblock", fields)
                self.assertEqual(browser.path, expected)

    def test_one_blocks_only_so_many(self):
        mary = self.person("mary")
        with mock.patch.object(models, "MAX_BLOCKS", 1):
            self.block(self.john, self.susan)
            with self.assertRaises(TooManyBlocks):
                Block.begin(self.john.id, mary.id)
            browser = self.send("/user/mary/block", self.john)
            self.assertIn("more are not possible", browser.page.alerts[0])
            # Those who block oneself do not count.
            self.block(mary, self.susan)
        self.assertEqual(self.count(Block), 2)

    def test_blocks_go_with_either_of_the_two(self):
        mary = self.person("mary")
        self.block(self.john, self.susan)
        self.block(mary, self.john)
        self.john.delete()
        self.assertEqual(self.count(Block), 0)
        self.assertFalse(Block.begin(mary.id, 2**31 - 1))


class BlockLimitTests(PeopleTestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_nobody_blocks_all_the_time(self):
        browser = self.browser(self.john)
        browser.get("/")
        fields = {"csrf_token": browser.token()}
        for _ in range(int(BLOCK_LIMIT.split()[0])):
            browser.post("/user/susan/block", fields, follow=False)
            self.assertEqual(browser.status, 302)
        browser.post("/user/susan/block", fields)
        self.assertEqual(browser.status, 429)
