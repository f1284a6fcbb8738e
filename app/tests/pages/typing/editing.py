"""Changing and deleting one's own posts."""

from urllib.parse import quote

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import Post
from app.models.posts.post import Mention, Tag
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import shown


class EditingPostTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        Clock(self)
        self.number = self.john.write("before #old @susan").id

    def edit(self, text: str) -> Browser:
        browser = self.browser(self.john)
        browser.get(f"/post/{self.number}")
        browser.get(browser.page.links["Edit your post “before #old @susan”"])
        browser.submit(post=text)
        return browser

    def state(self) -> tuple:
        db.session.rollback()
        return db.session.execute(
            sa.select(Post.body, Post.edited).where(Post.id == self.number)
        ).one()

    def test_an_edited_post_is_marked_with_the_time(self):
        began = now()
        browser = self.edit("after #new")
        self.assertEqual(browser.path, f"/post/{self.number}")
        self.assertEqual(browser.page.statuses, ["Your post is changed."])
        self.assertEqual(shown(browser), ["after #new"])
        body, edited = self.state()
        self.assertTrue(began <= edited <= now())
        self.assertRegex(browser.page.words, r"edited\s+just now")
        visitor = self.browser()
        visitor.get(browser.path)
        mark = visitor.text.split("edited ")[1]
        self.assertIn(f'datetime="{edited.isoformat(timespec="seconds")}"', mark)
        for tag, texts in (("new", ["after #new"]), ("old", [])):
            visitor.get(f"/tag/{tag}")
            self.assertEqual(shown(visitor), texts)

    def test_words_that_are_taken_out_are_kept_no_more(self):
        self.edit("after #new, nobody")
        db.session.rollback()
        tags = db.session.scalars(sa.select(Tag.name).where(Tag.post_id == self.number))
        self.assertEqual(tags.all(), ["new"])
        self.assertEqual(self.count(Mention), 0)

    def test_unchanged_text_is_not_marked(self):
        for text in ("before #old @susan", "  before #old @susan\r\n"):
            self.edit(text)
            self.assertEqual(self.state(), ("before #old @susan", None))

    def test_an_unchanged_line_break_is_no_change(self):
        Post.edit(self.number, self.john.id, "one\ntwo")
        before = self.state()
        browser = self.browser(self.john)
        browser.get(f"/post/{self.number}/edit")
        browser.submit(post="one\r\ntwo")
        self.assertEqual(self.state(), before)

    def test_the_rules_of_writing_hold(self):
        for text, problem in {
            "x" * 141: "Please use at most 140 characters. This has 141.",
            " \n": "Please write something first.",
            "\u200b": "Please write something first.",
        }.items():
            with self.subTest(text[:3]):
                browser = self.edit(text)
                self.assertEqual(browser.status, 400)
                self.assertEqual(browser.page.alerts, [problem])
                self.assertEqual(self.state(), ("before #old @susan", None))
        self.assertEqual(self.edit("x" * 140).status, 200)
        self.assertEqual(self.state().body, "x" * 140)

    def test_the_text_stands_in_the_form(self):
        text = '<b>"x" & </textarea>\n  y'
        post = self.john.write(text)
        browser = self.browser(self.john)
        browser.get(f"/post/{post.id}/edit")
        form = next(form for form in browser.page.forms if "post" in form.names)
        self.assertEqual(form.fields["post"], text)

    def test_nobody_else_finds_it(self):
        others = self.browser(self.susan)
        others.get("/")
        for verb in ("edit", "delete"):
            with self.subTest(verb):
                path = f"/post/{self.number}/{verb}"
                others.get(path)
                self.assertEqual(others.status, 404)
                others.get("/")
                others.post(path, {"csrf_token": others.token(), "post": "taken over"})
                self.assertEqual(others.status, 404)
                visitor = self.browser()
                visitor.get(path)
                self.assertEqual((visitor.path, visitor.status), ("/login", 200))
        self.assertEqual(self.state(), ("before #old @susan", None))
        others.get(f"/post/{self.number}")
        self.assertFalse([link for link in others.page.links if link.startswith(("Edit", "Del"))])

    def test_deleting_asks_once(self):
        browser = self.browser(self.john)
        browser.get("/user/john")
        browser.get(browser.page.links["Delete your post “before #old @susan”"])
        self.assertEqual(browser.page.heading, "Delete this post?")
        self.assertEqual(browser.page.links["Keep it"], "/user/john")
        self.assertIn("before", browser.page.words)
        self.assertEqual(self.count(Post), 1)
        browser.submit(button="Delete it for good")
        self.assertEqual(browser.url, SITE + "/user/john")
        self.assertEqual(browser.page.statuses, ["Your post is deleted."])
        self.assertEqual(self.count(Post), 0)
        browser.get(f"/post/{self.number}")
        self.assertEqual(browser.status, 404)

    def test_keeping_leads_back_to_the_very_page(self):
        browser = self.browser(self.john)
        browser.get(f"/user/john?older={self.number + 1}")
        browser.get(browser.page.links["Delete your post “before #old @susan”"])
        browser.get(browser.page.links["Keep it"])
        self.assertEqual(browser.url, f"{SITE}/user/john?older={self.number + 1}")

    def test_it_never_leads_off_the_site(self):
        browser = self.browser(self.john)
        path = f"/post/{self.number}/delete"
        for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"):
            with self.subTest(back):
                browser.get(f"{path}?next={quote(back)}")
                self.assertTrue(browser.page.links["Keep it"].startswith("/"))
                self.assertNotIn("evil", browser.page.links["Keep it"])
