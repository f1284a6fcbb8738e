"""The page of a conversation: what stands on it, page by page."""

import re

from app import db
from app.database import writing
from app.models import Post, Thing, User
from app.models.moderation.decisions import Decision, decide
from app.queries.conversations.pages import BEFORE
from app.queries.pagination import PAGE_SIZE
from app.tests.conversations.replying import ReplyCase
from app.tests.support.base import SITE, Browser
from app.tests.support.reading import selects, shown

PLACE = re.compile(r'<(article|p) class="[^"]*" id="post-(-?\d+)"( aria-current="true")?>([^<]*)')


class PageCase(ReplyCase):
    def open(self, post_id: int, reader: User | None = None, asking: str = "") -> Browser:
        browser = self.browser(reader)
        browser.get(f"/post/{post_id}{asking}")
        return browser

    def places(self, browser: Browser) -> list[tuple[int, str]]:
        """Return the ids on the page, from top to bottom, each with the line that stands there."""
        self.assertEqual(browser.status, 200)
        return [(int(number), line.strip()) for _, number, _, line in PLACE.findall(browser.text)]

    def current(self, browser: Browser) -> list[int]:
        return [int(number) for _, number, mark, _ in PLACE.findall(browser.text) if mark]

    def whole(self, browser: Browser) -> list[tuple[int, str]]:
        """Return all pages of the conversation, from the oldest down."""
        while "Older" in browser.page.links:
            browser.get(browser.page.links["Older"])
        found = self.places(browser)
        while "Newer" in browser.page.links:
            browser.get(browser.page.links["Newer"])
            found += self.places(browser)
        return found


class ConversationTests(PageCase):
    def test_the_post_stands_out_among_those_before_and_after(self):
        one = self.susan.write("one", self.root).id
        two = self.john.write("two", one).id
        browser = self.open(one)
        self.assertEqual(shown(browser), ["the root", "one", "two"])
        self.assertEqual(self.current(browser), [one])
        self.assertEqual(browser.page.heading, "susan wrote")
        answers = re.findall(
            r'in reply to <a class="u-in-reply-to" href="([^"]*)">(\w+)', browser.text
        )
        self.assertEqual(
            answers,
            [(f"/post/{self.root}#post-{self.root}", "john"), (f"/post/{one}#post-{one}", "susan")],
        )
        self.assertIn(f'<link rel="canonical" href="{SITE}/post/{one}">', browser.text)
        self.assertIn('<meta property="og:description" content="one">', browser.text)
        self.assertIn(f'href="/post/{one}.atom"', browser.text)
        self.assertEqual(self.places(browser), self.places(self.open(two)))

    def test_no_number_is_too_odd(self):
        for number in (0, 10**18, -(10**18), -(2**64), 2**64):
            self.assertEqual(self.open(number).status, 404)
            self.assertEqual(self.open(number, self.john, "?newer=1").status, 404)

    def test_a_hidden_post_of_ones_own_cannot_be_answered(self):
        decide(Decision("hide", Thing(self.john.id, self.root), "Bad."), self.mary)
        browser = self.open(self.root, self.john)
        self.assertEqual(shown(browser), ["the root"])
        self.assertFalse(any("post" in form.names for form in browser.page.forms))
        self.assertNotIn("#reply", browser.text)

    def test_other_conversations_stand_elsewhere(self):
        other = self.susan.write("other").id
        self.susan.write("one", self.root)
        self.susan.write("two", other)
        self.assertEqual(shown(self.open(self.root)), ["the root", "one"])
        self.assertEqual(shown(self.open(other)), ["other", "two"])

    def test_a_chain_of_a_thousand(self):
        ids = [self.root]
        with writing() as session:
            for n in range(1000):
                post = Post(
                    body=f"{n}", user_id=self.susan.id, reply_to_id=ids[-1], thread_id=self.root
                )
                session.add(post)
                session.flush()
                ids.append(post.id)
        db.session.rollback()
        for begin in (0, 1, BEFORE, BEFORE + 1, 500, 990, 1000):
            with self.subTest(begin):
                browser = self.open(ids[begin])
                first = max(0, begin - BEFORE)
                around = ids[first : first + PAGE_SIZE]
                self.assertEqual([post_id for post_id, _ in self.places(browser)], around)
                self.assertEqual(self.current(browser), [ids[begin]])
                self.assertEqual("Older" in browser.page.links, first > 0)
                self.assertEqual("Newer" in browser.page.links, around[-1] != ids[-1])
        self.assertEqual([n for n, _ in self.whole(self.open(ids[700]))], ids)
        browser = self.open(ids[700])
        browser.get(browser.page.links["Newer"])
        self.assertEqual((self.current(browser), browser.page.heading), ([], "Conversation"))
        self.assertEqual(browser.page.links["The post itself"], f"/post/{ids[700]}")
        for asking in ("?older=0", "?newer=x", f"?older={-(10**18)}", f"?newer={10**18}"):
            self.assertEqual(self.current(self.open(ids[700], asking=asking)), [ids[700]])

    def test_a_member_chooses_what_to_hear_of_it(self):
        browser = self.open(self.root, self.susan)
        for pressed, then in (
            ("Follow this conversation", "Follow this conversation no more"),
            ("Follow this conversation no more", "Stop notifications of this conversation"),
            ("Stop notifications of this conversation", "Hear of this conversation again"),
            ("Hear of this conversation again", "Follow this conversation"),
        ):
            browser.submit(button=pressed)
            self.assertEqual(browser.path, f"/post/{self.root}")
            self.assertTrue(any(then in form.buttons for form in browser.page.forms), then)

    def test_any_page_takes_three_selects_of_a_member(self):
        first = self.susan.write("one", self.root).id
        for n in range(40):
            self.person(f"p{n}").write("hello @john", (self.root, first)[n % 2])
        browser = self.browser(self.john)
        for asking in ("", f"?newer={first + 3}", f"?older={first + 30}"):
            path = f"/post/{first}{asking}"
            self.assertEqual(selects(lambda path=path: browser.get(path)), 3, path)
