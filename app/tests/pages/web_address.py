"""What a profile says beside the nickname: since when, how much, and where else."""

from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import User
from app.queries import profiles
from app.tests.support.base import PeopleTestCase


class WebAddressTests(PeopleTestCase):
    def save(self, typed: str):
        browser = self.browser(self.john)
        browser.get("/edit")
        browser.submit(web_address=typed)
        return browser

    def kept(self) -> str:
        db.session.rollback()
        return db.session.scalar(sa.select(User.web_address).where(User.id == self.john.id))

    def test_it_is_a_link_on_the_profile_that_vouches_for_nothing(self):
        for typed, kept in {
            "https://john.example.com/": "https://john.example.com/",
            "john.example.com/~me?a=1&b=2": "https://john.example.com/~me?a=1&b=2",
            " http://b\u00fccher.example:8080 ": "http://b\u00fccher.example:8080",
            "": "",
        }.items():
            with self.subTest(typed):
                self.assertEqual(self.save(typed).page.statuses, ["Your changes have been saved."])
                self.assertEqual(self.kept(), kept)
                visitor = self.browser()
                visitor.get("/user/john")
                self.assertEqual(kept in visitor.page.links.values(), bool(kept))
                self.assertEqual('rel="me nofollow ugc noopener"' in visitor.text, bool(kept))

    def test_what_is_no_web_address_is_refused_beside_its_field(self):
        for typed in (
            "javascript:alert(1)//://",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "ftp://example.com",
            "https://",
            "https://me@example.com",
            "https://example.com:99999",
            "https://[::1",
            'https://example.com/"onclick="x',
            "https://example.com/\u202egpj",
            "two words",
            "https://example.com/" + "x" * 181,
        ):
            with self.subTest(typed):
                browser = self.save(typed)
                self.assertEqual(browser.status, 400)
                self.assertRegex(browser.page.alerts[0], "^Please type the address of a web page")
                self.assertEqual(self.kept(), "")


class NumbersTests(PeopleTestCase):
    def words(self, reader: User | None = None) -> str:
        browser = self.browser(reader) if reader else self.browser()
        browser.get("/user/john")
        return " ".join(browser.page.words.split())

    def test_since_when_and_how_many_posts(self):
        joined = self.john.joined
        self.assertIn(f"Here since {joined.day} ", self.words())
        self.assertIn("0 posts", self.words())
        self.john.write("one")
        self.assertIn("1 post ", self.words())
        self.susan.write("not john's")
        self.john.write("two")
        self.assertIn("2 posts", self.words(self.susan))

    def test_no_more_are_counted_than_it_says(self):
        with mock.patch.object(profiles, "MAX_COUNTED_POSTS", 1):
            for _ in range(2):
                self.john.write("again")
            self.assertIn("more than 1 posts", self.words())

    def test_who_came_before_that_was_kept_shows_no_day(self):
        db.session.execute(sa.update(User).values(joined=None))
        db.session.commit()
        self.assertNotIn("Here since", self.words())
