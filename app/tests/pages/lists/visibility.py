"""Posts that a reader may not see leave no gap: every page of every list stays full."""

import re

import sqlalchemy as sa

from app import db
from app.models import Post
from app.queries.pagination import PAGE_SIZE
from app.tests.support.data.visibility import FEEDS, LISTS, HiddenPostsTestCase, conditions, hidden
from app.tests.support.reading import asking


class HiddenPostsTests(HiddenPostsTestCase):
    # Neither is a walk of PostgreSQL long enough, nor a list short enough to be counted.
    LIMITS = {"MAX_WALKED": 40, "MAX_LOOKED_UP": 40, "MAX_COUNTED": 10}

    def setUp(self):
        super().setUp()
        self.enterContext(conditions(*hidden(), **self.LIMITS))

    def test_every_page_down_and_up_again_is_full(self):
        seen = self.write(2 * PAGE_SIZE + 3)
        pages = [seen[start : start + PAGE_SIZE] for start in range(0, len(seen), PAGE_SIZE)]
        for path in LISTS:
            with self.subTest(path):
                browser = self.open(path)
                self.assertNotIn("Newer", browser.page.links)
                self.assertEqual(self.down(browser), pages)
                up = [self.ids(browser)]
                while "Newer" in browser.page.links:
                    browser.get(browser.page.links["Newer"])
                    up.append(self.ids(browser))
                self.assertEqual(up[::-1], pages)

    def test_every_page_from_anywhere_is_full(self):
        seen = self.write(PAGE_SIZE + 15)
        everywhere = range(seen[-1] - 3, seen[0] + 35, 9)
        for path in LISTS:
            browser = self.browser(self.john)
            for at in everywhere:
                with self.subTest(path, at=at):
                    older = [n for n in seen if n < at]
                    browser.get(asking(path, f"older={at}"))
                    self.assertEqual(self.ids(browser), older[:PAGE_SIZE])
                    self.assertEqual("Older" in browser.page.links, len(older) > PAGE_SIZE)
                    newer = [n for n in seen if n > at]
                    browser.get(asking(path, f"newer={at}"))
                    self.assertEqual(self.ids(browser), newer[-PAGE_SIZE:])
                    self.assertEqual("Newer" in browser.page.links, len(newer) > PAGE_SIZE)

    def test_feeds_are_full(self):
        seen = self.write(PAGE_SIZE + 2)
        for path in FEEDS:
            with self.subTest(path):
                browser = self.open(path)
                ids = re.findall(r"<id>[^<]*/post/(\d+)</id>", browser.text)
                self.assertEqual(list(map(int, ids)), seen[:PAGE_SIZE])
                self.assertNotIn("hidden", browser.text)
                # What depends on who reads is kept for nobody else.
                self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
                visitor = self.browser()
                visitor.get(path)
                self.assertIn("public", visitor.response.headers["Cache-Control"])

    def test_a_visitor_sees_no_more(self):
        seen = self.write(PAGE_SIZE)
        for path in LISTS[1:]:
            visitor = self.browser()
            visitor.get(path)
            self.assertEqual(self.ids(visitor), seen)
            self.assertNotIn("Older", visitor.page.links)

    def test_who_may_see_more_does_on_every_page(self):
        self.write(PAGE_SIZE)
        all_of_susan = sa.select(Post.id).where(Post.user_id == self.susan.id)
        everything = db.session.scalars(all_of_susan.order_by(Post.id.desc())).all()
        # She follows nobody, and reads everybody at home; then her own.
        for path in LISTS:
            with self.subTest(path):
                self.assertEqual(sum(self.down(self.open(path, self.susan)), []), everything)
        self.susan.follow(self.john)
        self.assertEqual(sum(self.down(self.open("/", self.susan)), []), everything)

    def test_a_single_post(self):
        hidden_one, of_mallory = self.susan.write("hidden"), self.mallory.write("tea")
        for post, reader, status in (
            (hidden_one, self.john, 404),
            (hidden_one, None, 404),
            (hidden_one, self.susan, 200),
            (of_mallory, self.john, 404),
            (of_mallory, self.mallory, 404),
        ):
            browser = self.browser(reader)
            browser.get(f"/post/{post.id}")
            self.assertEqual(browser.status, status)

    def test_nothing_at_all_is_left(self):
        self.write(0)
        for path in LISTS:
            browser = self.open(path)
            self.assertEqual(self.ids(browser), [])
            self.assertFalse({"Older", "Newer"} & set(browser.page.links), path)


class HiddenPostsInOneWalkTests(HiddenPostsTests):
    """The same when a search finds all that there is before it asks the index."""

    LIMITS: dict[str, int] = {}
