"""A post is rendered once, and each change of what it shows is seen at once in every process."""

from collections.abc import Callable

from app.database import writing
from app.models import Block, Post
from app.models.avatars import avatar_url
from app.models.moderation.decisions import Decision, decide
from app.models.moderation.reports import Thing
from app.rendering.posts.articles import MOST_KEPT
from app.tests.support.base import Browser
from app.tests.support.people.moderation import ModerationCase


class ArticleTests(ModerationCase):
    def setUp(self):
        super().setUp()
        self.root = self.mary.write("Who drinks tea?")
        self.tea = self.susan.write("tea with @max", self.root.id)
        # Each keeps its own, as two processes do.
        self.processes = (self.app, self.make_app(SITE_ABOUT="Another process."))

    def browsers(self, user=None) -> list[Browser]:
        """Return a browser in each process."""
        browsers = [Browser(app) for app in self.processes]
        for browser in browsers:
            if user:
                browser.sign_in(user)
        return browsers

    def article(self, browser: Browser, path: str = "/explore") -> str:
        """Return the HTML of susan's post on a page, or "" when it is not there."""
        browser.get(path)
        _, _, rest = browser.text.partition(f'id="post-{self.tea.id}"')
        return rest.partition("</article>")[0]

    def assert_changes(self, change: Callable, before: str, after: str, *readers: Browser) -> None:
        for browser in readers * 2:
            self.assertIn(before, self.article(browser))
            self.assertNotIn(after, self.article(browser))
        change()
        for browser in readers:
            shown = self.article(browser)
            self.assertNotIn(before, shown)
            self.assertIn(after, shown)

    def assert_seen(self, change: Callable, before: str, after: str) -> None:
        readers = self.browsers(self.john) + self.browsers()
        self.assert_changes(change, before, after, *readers)

    def test_it_is_rendered_once_for_all_who_see_the_same(self):
        max_browser, *_ = self.browsers(self.max)
        kept = self.app.extensions["articles"]
        for browser in (self.browser(self.john), max_browser, self.browser()):
            kept.cache_clear()
            shown = self.article(browser)
            self.assertEqual((kept.cache_info().hits, kept.cache_info().misses), (0, 2))
            self.assertEqual(self.article(browser), shown)
            self.assertEqual((kept.cache_info().hits, kept.cache_info().misses), (2, 2))
        kept.cache_clear()
        john, other = self.browser(self.john), self.browser(self.person("other"))
        self.assertEqual(self.article(john), self.article(other))
        self.assertEqual(kept.cache_info().hits, 2)

    def test_so_many_are_kept_and_no_more(self):
        for name in ("articles", "entries"):
            self.assertEqual(self.app.extensions[name].cache_info().maxsize, MOST_KEPT)

    def test_none_is_kept_where_templates_change(self):
        app = self.make_app(debug=True)
        self.assertEqual(app.extensions["articles"].cache_info().maxsize, 0)

    def test_nobody_is_shown_what_another_may_do(self):
        for first in (self.susan, self.mary, self.john, None):
            for app in self.processes:
                app.extensions["articles"].cache_clear()
            for browser in self.browsers(first):
                self.article(browser)
            for reader, can in (
                (self.susan, "Edit"),
                (self.mary, "Decide"),
                (self.john, "Report"),
                (None, ""),
            ):
                for browser in self.browsers(reader):
                    shown = self.article(browser)
                    offered = {word for word in ("Edit", "Delete", "Decide") if word in shown}
                    expected = {"Edit", "Delete"} if can == "Edit" else {can} & {"Decide"}
                    self.assertEqual(offered, expected)
                    self.assertEqual("Report" in shown, can in ("Report", "Decide"))

    def test_another_name(self):
        def rename():
            self.susan.update_profile("sue", "")

        self.assert_seen(rename, 'href="/user/susan"', 'href="/user/sue"')

    def test_another_name_of_whom_it_answers(self):
        def rename():
            self.mary.update_profile("marie", "")

        self.assert_seen(rename, ">mary</a>", ">marie</a>")

    def test_another_picture(self):
        def move():
            with writing():
                self.susan.email = "susan@example.org"

        before, after = (avatar_url(f"susan@example.{end}", "", 48) for end in ("com", "org"))
        self.assert_seen(move, before.partition("?")[0], after.partition("?")[0])

    def test_another_text(self):
        def edit():
            Post.edit(self.tea.id, self.susan.id, "coffee #now")

        self.assert_seen(edit, "tea with", 'href="/tag/now"')

    def test_a_reply_more(self):
        self.max.write("me", self.tea.id)

        def reply():
            self.max.write("me too", self.tea.id)

        self.assert_seen(reply, "1 reply", "2 replies")

    def test_a_block(self):
        browsers = self.browsers(self.john)

        def block():
            Block.begin(self.max.id, self.john.id)

        self.assert_changes(block, '<a href="/user/max">@max</a>', "tea with @max", *browsers)

    def test_a_post_that_is_hidden(self):
        others = self.browsers(self.john) + self.browsers()
        own = self.browsers(self.susan)

        def hide():
            decide(Decision("hide", Thing(self.susan.id, self.tea.id), "Be kind.", None), self.mary)

        for browser in others:
            self.assertIn("tea with", self.article(browser))
        self.assert_changes(hide, "#reply", "“Be kind.”", *own)
        for browser in others:
            self.assertEqual(self.article(browser), "")

    def test_signing_out(self):
        browsers = self.browsers(self.john)
        for browser in browsers:
            self.assertIn("Report", self.article(browser))
            browser.get("/logout")
            browser.submit(button="Sign out")
            shown = self.article(browser)
            self.assertIn("tea with", shown)
            self.assertNotIn("Report", shown)

    def test_becoming_a_moderator(self):
        def promote():
            with writing():
                self.john.role = "moderator"

        browsers = self.browsers(self.john)
        for browser in browsers:
            self.assertNotIn("Decide", self.article(browser))
        promote()
        for browser in browsers:
            self.assertIn("Decide", self.article(browser))

    def test_deleting_leads_back_to_each_page(self):
        browser = self.browser(self.susan)
        for path in ("/", "/explore", "/user/susan/replies", "/search?q=tea"):
            shown = self.article(browser, path)
            back = path.replace("?", "%3F").replace("=", "%3D")
            self.assertIn(f'href="/post/{self.tea.id}/delete?next={back}"', shown)
