"""The newest posts below the forms of the door."""

from app.database import writing
from app.models import HiddenPost
from app.tests.support.base import PeopleTestCase


class NewestPostsTests(PeopleTestCase):
    def test_a_visitor_sees_the_newest_five_and_no_hidden_one(self):
        for number in range(7):
            post = self.susan.write(f"Cup number {number}")
        with writing() as session:
            session.add(HiddenPost(post_id=post.id, reason="Too much tea."))
        browser = self.browser()
        browser.get("/")
        self.assertEqual(browser.path, "/login")
        shown = [number for number in range(7) if f"Cup number {number}" in browser.text]
        self.assertEqual(shown, [1, 2, 3, 4, 5])
        self.assertGreater(browser.text.find("Cup number 5"), browser.text.find('name="openid"'))

    def test_a_site_for_members_alone_shows_none(self):
        self.app = self.make_app(PUBLIC="off")
        self.susan.write("Not for everybody")
        browser = self.browser()
        browser.get("/login")
        self.assertNotIn("Not for everybody", browser.text)
        self.assertNotIn("Just written here", browser.page.words)
