"""Posts of which a reader may not see every second one."""

import importlib
import re
from contextlib import contextmanager
from unittest import mock
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.models import Post, User
from app.queries import timelines, visibility
from app.queries.conversations import pages as conversations
from app.queries.search import results as search
from app.queries.search import statements as search_statements
from app.tests.support.base import Browser, PeopleTestCase
from app.tests.support.reading import shown

# Words, a prefix and phrases; an author and tags; and all of them together.
QUERIES = (
    "tea",
    "te*",
    "t*",
    '"green tea"',
    '"green te*"',
    "tea green post",
    "from:susan",
    "#tea",
    "#tea #leaf",
    "#leaf tea",
    "from:susan #tea",
    "from:susan tea",
    "from:susan #leaf #tea gre*",
)


LISTS = ("/", "/explore", "/user/susan", "/tag/tea", *(f"/search?q={quote(q)}" for q in QUERIES))


FEEDS = ("/explore.atom", "/user/susan.atom", "/tag/tea.atom")


OWN_CONDITIONS = visibility.CONDITIONS


@contextmanager
def conditions(*chosen: sa.ColumnElement[bool], **limits: int):
    """Let all lists take these conditions, and search other limits; statements are made anew."""
    with mock.patch.object(visibility, "CONDITIONS", chosen):
        _make_statements(limits)
        try:
            yield
        finally:
            visibility.CONDITIONS = OWN_CONDITIONS
            _make_statements({})


def _make_statements(limits: dict[str, int]) -> None:
    for module in (timelines, conversations, search_statements, search):
        importlib.reload(module)
    for name, value in limits.items():
        setattr(search_statements, name, value)


def hidden() -> tuple[sa.ColumnElement[bool], ...]:
    """Return conditions of each kind: on the post, on who reads, and on the author's row."""
    author = aliased(User)
    return (
        sa.or_(Post.body.not_like("%hidden%"), Post.user_id == visibility.READER),
        ~sa.exists().where(author.id == Post.user_id, author.nickname_key == "mallory"),
    )


class HiddenPostsTestCase(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.mallory = self.person("mallory")
        self.john.follow(self.susan)
        self.john.follow(self.mallory)

    def write(self, seen: int) -> list[int]:
        """Let susan write so many posts, each after a hidden one, and thirty hidden ones on top.

        Gives the ids of those that are seen, newest first.
        """
        ids = []
        for n in range(seen):
            self.susan.write(f"hidden post {n}: green tea #tea #leaf")
            if n % 5 == 0:
                self.mallory.write(f"post {n}: green tea #tea #leaf")
            ids.append(self.susan.write(f"post {n}: green tea #tea #leaf").id)
        for n in range(30):
            self.susan.write(f"hidden post on top, {n}: green tea #tea #leaf")
        return ids[::-1]

    def open(self, path: str, reader: User | None = None) -> Browser:
        browser = self.browser(reader or self.john)
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return browser

    def ids(self, browser: Browser) -> list[int]:
        self.assertEqual(browser.status, 200)
        found = re.findall(r'<a class="time u-url" href="/post/(\d+)"', browser.text)
        self.assertEqual(len(found), len(shown(browser)))
        return list(map(int, found))

    def down(self, browser: Browser) -> list[list[int]]:
        """Return the ids of this page and of all that are older."""
        pages = [self.ids(browser)]
        while "Older" in browser.page.links:
            browser.get(browser.page.links["Older"])
            pages.append(self.ids(browser))
        return pages
