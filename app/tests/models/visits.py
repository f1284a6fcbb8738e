"""Where somebody was when they were here last: a line on the home page."""

from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import Post, User
from app.models.current_user import VISITS_APART
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import Browser, PeopleTestCase

LINE = "You were here"


class VisitTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.john.follow(self.susan)
        self.posts = [self.susan.write(text).id for text in ("oldest", "old", "new", "newest")]

    def happened(self, ago: timedelta, *posts: int) -> None:
        with writing() as session:
            values = {"timestamp": now() - ago}
            session.execute(sa.update(Post).where(Post.id.in_(posts)).values(values))

    def was_here(self, ago: timedelta) -> Browser:
        """Let john have been here so long ago, for a moment; give his browser of today."""
        browser = self.browser(self.john)
        with writing() as session:
            session.execute(sa.update(User).values(last_seen=now() - ago, seen_before=None))
        return browser

    def parts(self, browser: Browser, page: str = "/") -> list[list[str]]:
        """Return the texts of the posts at home: above and below the line, if there is one."""
        browser.get(page)
        self.assertEqual(browser.status, 200)
        feed = browser.text[browser.text.index('class="h-feed"') :]
        texts = [db.session.get(Post, post_id).body for post_id in self.posts]
        return [[t for t in texts if f">{t}<" in part] for part in feed.split(f">{LINE}<")]

    def test_it_stands_between_what_is_new_and_what_was_there(self):
        self.happened(timedelta(hours=3), *self.posts[:2])
        browser = self.was_here(timedelta(hours=2))
        # As long as the visit lasts, and not for what comes during it.
        for _ in range(3):
            self.assertEqual(self.parts(browser), [["new", "newest"], ["oldest", "old"]])
        self.assertEqual(self.parts(self.browser(self.john)), self.parts(browser))
        self.posts.append(self.susan.write("latest").id)
        self.assertEqual(self.parts(browser), [["new", "newest", "latest"], ["oldest", "old"]])

    def test_a_short_absence_is_no_end_of_a_visit(self):
        self.happened(timedelta(hours=3), *self.posts[:2])
        browser = self.was_here(VISITS_APART - timedelta(minutes=1))
        self.assertEqual(len(self.parts(browser)), 1)
        browser = self.was_here(VISITS_APART + timedelta(minutes=1))
        self.assertEqual(len(self.parts(browser)), 2)

    def test_it_ends_a_page_behind_which_begins_what_was_there(self):
        self.posts += [self.susan.write(f"newer {n}").id for n in range(PAGE_SIZE - 2)]
        self.happened(timedelta(hours=3), *self.posts[:2])
        browser = self.was_here(timedelta(hours=2))
        above, below = self.parts(browser)
        self.assertEqual((len(above), below), (PAGE_SIZE, []))
        self.assertEqual(self.parts(browser, f"/?older={self.posts[2]}"), [["oldest", "old"]])
        # One more, and the first of the new is on the next page, with the line.
        self.posts.append(self.susan.write("newest of all").id)
        self.assertEqual(len(self.parts(browser)), 1)
        next_page = self.parts(browser, f"/?older={self.posts[3]}")
        self.assertEqual(next_page, [["new"], ["oldest", "old"]])

    def test_there_is_none_when_nothing_is_new_or_nothing_was_there(self):
        self.happened(timedelta(hours=1), *self.posts)
        self.assertEqual(len(self.parts(self.was_here(timedelta(minutes=45)))), 1)
        self.assertEqual(len(self.parts(self.was_here(timedelta(hours=2)))), 1)
        self.posts += [self.susan.write(f"newer {n}").id for n in range(PAGE_SIZE)]
        self.assertEqual(len(self.parts(self.was_here(timedelta(hours=2)))), 1)

    def test_there_is_none_on_the_first_visit(self):
        self.assertEqual(len(self.parts(self.browser(self.john))), 1)

    def test_the_next_visit_moves_it(self):
        self.happened(timedelta(hours=3), *self.posts[:2])
        browser = self.was_here(timedelta(hours=2))
        self.parts(browser)
        with writing() as session:
            session.execute(sa.update(User).values(last_seen=now() - timedelta(hours=1)))
        self.happened(timedelta(minutes=90), self.posts[2])
        self.assertEqual(self.parts(browser), [["newest"], ["oldest", "old", "new"]])
