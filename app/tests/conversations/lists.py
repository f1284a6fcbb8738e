"""What lists of posts tell of replies, and which replies stand in which of them."""

import re

from app.models import Block, Post
from app.tests.conversations.replying import ReplyCase
from app.tests.support.base import Browser
from app.tests.support.reading import selects, shown


class ListsTests(ReplyCase):
    def setUp(self):
        super().setUp()
        self.reply_id = self.susan.write("a reply #tea", self.root).id

    def texts(self, path: str, reader=None) -> list[str]:
        browser = self.browser(reader)
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return shown(browser)

    def told(self, path: str, reader=None) -> list[tuple]:
        """Return of each post in a list what it answers, and its replies: addresses and texts."""
        browser = self.browser(reader)
        browser.get(path)
        found = []
        for article in re.findall(r"<article.*?</article>", browser.text, re.DOTALL):
            to = re.search(r'u-in-reply-to" href="([^"]*)">([^<]*)', article)
            count = re.search(r'<a href="([^"]*)">(\d+\+? repl(?:y|ies))<', article)
            found.append((to and to.groups(), count and count.groups()))
        return found

    def test_a_reply_says_whom_it_answers_and_a_post_how_many_do(self):
        root = self.root
        expected = [
            ((f"/post/{root}#post-{root}", "john"), None),
            (None, (f"/post/{root}#post-{root}", "1 reply")),
        ]
        self.assertEqual(self.told("/explore"), expected)
        self.assertEqual(self.told("/explore", self.john), expected)
        self.assertEqual(self.told("/tag/tea"), expected[:1])
        self.assertEqual(self.told("/search?q=tea"), expected[:1])
        self.assertEqual(self.told("/user/john"), expected[1:])
        self.mary.write("two", root)
        self.assertEqual(self.told("/user/john")[0][1][1], "2 replies")
        Post.delete(root, self.john.id)
        self.assertEqual(
            self.told("/tag/tea"), [((f"/post/{root}#post-{root}", "another post"), None)]
        )

    def test_who_is_blocked_is_neither_named_nor_counted(self):
        self.mary.write("two", self.root)
        Block.begin(self.mary.id, self.susan.id)
        self.assertEqual(self.told(f"/post/{self.root}", self.mary)[0][1][1], "1 reply")
        self.assertEqual(self.told(f"/post/{self.root}", self.susan)[0][1][1], "1 reply")
        self.assertEqual(self.told(f"/post/{self.root}", self.john)[0][1][1], "2 replies")
        Block.begin(self.max.id, self.john.id)
        self.assertEqual(self.told("/tag/tea", self.max)[0][0][1], "another post")

    def test_lists_and_search_hold_posts_and_replies_alike(self):
        for path in ("/explore", "/search?q=a+reply", "/search?q=from:susan", "/tag/tea"):
            self.assertIn("a reply #tea", self.texts(path), path)
        for path in ("/explore.atom", "/user/susan.atom", "/tag/tea.atom"):
            browser = self.browser()
            browser.get(path)
            self.assertIn("a reply", browser.text, path)

    def test_a_profile_has_posts_and_posts_with_replies(self):
        self.susan.write("a post of her own")
        self.assertEqual(self.texts("/user/susan"), ["a post of her own"])
        self.assertEqual(self.texts("/user/susan/replies"), ["a post of her own", "a reply #tea"])
        browser = self.browser()
        browser.get("/user/susan")
        self.assertRegex(browser.text, r'href="/user/susan" aria-current="page">Posts<')
        browser.get(browser.page.links["Posts and replies"])
        self.assertRegex(browser.text, r'aria-current="page">Posts and replies<')
        self.susan.update_profile("suzy", "")
        browser.get("/user/susan/replies")
        self.assertEqual(browser.path, "/user/suzy/replies")
        browser.get("/user/nobody/replies")
        self.assertEqual(browser.status, 404)

    def test_pages_of_a_profile_stay_what_they_were(self):
        for n in range(60):
            self.susan.write(f"post {n}")
            self.susan.write(f"reply {n}", self.root)
        browser = self.browser()
        for path, first in (("/user/susan", "post 34"), ("/user/susan/replies", "post 47")):
            browser.get(path)
            browser.get(browser.page.links["Older"])
            self.assertEqual(browser.path, path)
            self.assertEqual(shown(browser)[0], first)
            browser.get(browser.page.links["Newer"])
            self.assertEqual(browser.path, path)

    def test_any_list_takes_three_selects_at_most(self):
        for n in range(30):
            other = self.person(f"p{n}")
            self.john.follow(other)
            other.write("to john", self.root)
            other.write(f"to susan @p{n}", self.reply_id)
        browser = self.browser(self.john)
        for path in ("/", "/explore", "/user/p3/replies", "/tag/tea", f"/post/{self.root}"):
            browser.get(path)
            self.assertLessEqual(selects(lambda path=path: browser.get(path)), 3, path)


class HomeTests(ReplyCase):
    """Of those whom john follows he reads what they say to him, and to those he follows."""

    def home(self) -> list[str]:
        browser = self.browser(self.john)
        browser.get("/")
        self.assertEqual(browser.status, 200)
        return shown(browser)

    def test_which_replies_stand_there(self):
        self.john.follow(self.susan)
        self.john.follow(self.mary)
        stranger = self.max.write("of a stranger").id
        by_susan = self.susan.write("of susan").id
        for writer, answered, text, stands in (
            (self.susan, self.root, "susan to john", True),
            (self.susan, by_susan, "susan to herself", True),
            (self.mary, by_susan, "mary to susan", True),
            (self.mary, stranger, "mary to a stranger", False),
            (self.john, stranger, "john to a stranger", True),
            (self.max, self.root, "a stranger to john", False),
            (self.max, by_susan, "a stranger to susan", False),
        ):
            with self.subTest(text):
                reply = writer.write(text, answered).id
                self.assertEqual(text in self.home(), stands)
                self.assertIn("of susan", self.home())
                Post.delete(reply, writer.id)
        self.assertNotIn("of a stranger", self.home())

    def test_what_is_answered_counts_even_when_it_is_not_seen(self):
        self.john.follow(self.susan)
        gone = self.mary.write("gone").id
        self.susan.write("to what is gone", gone)
        Post.delete(gone, self.mary.id)
        self.assertNotIn("to what is gone", self.home())
        self.john.follow(self.mary)
        self.assertNotIn("to what is gone", self.home())

    def test_a_page_is_full_however_many_replies_are_left_out(self):
        self.john.follow(self.susan)
        stranger = self.max.write("of a stranger").id
        for n in range(60):
            self.susan.write(f"post {n}")
            self.susan.write("to a stranger", stranger)
        browser: Browser = self.browser(self.john)
        browser.get("/")
        self.assertEqual(shown(browser), [f"post {n}" for n in range(59, 34, -1)])
        browser.get(browser.page.links["Older"])
        self.assertEqual(shown(browser), [f"post {n}" for n in range(34, 9, -1)])
        browser.get(browser.page.links["Newer"])
        self.assertEqual(shown(browser)[-1], "post 35")

    def test_who_follows_nobody_reads_everybody(self):
        self.susan.write("to mary", self.mary.write("hello").id)
        self.assertIn("to mary", self.home())
