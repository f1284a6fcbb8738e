"""What the tests of reading share: which posts a page shows, and what is asked."""

import html
import re
from collections.abc import Callable
from urllib.parse import quote

import sqlalchemy as sa

from app import db
from app.tests.support.base import Browser, PeopleTestCase

BODY = re.compile(r'<p class="body e-content[^>]*>(.*?)</p>', re.DOTALL)


def shown(browser: Browser) -> list[str]:
    """Give the texts of the posts on a page, from top to bottom."""
    return [html.unescape(re.sub("<[^>]+>", "", body)) for body in BODY.findall(browser.text)]


def asking(path: str, parameters: str) -> str:
    """Give `path`, which may ask for something already, with more parameters."""
    return f"{path}{'&' if '?' in path else '?'}{parameters}"


def selects(action: Callable[[], object]) -> int:
    """Return how many SELECTs `action` sends."""
    return sum(text.lstrip("( ").startswith(("SELECT", "WITH")) for text in statements(action))


def statements(action: Callable[[], object]) -> list[str]:
    """Return the statements that `action` sends, but for those that begin and end transactions."""
    sent = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return sent


class SearchPageTestCase(PeopleTestCase):
    def search(self, text: str) -> Browser:
        visitor = self.browser()
        visitor.get(f"/search?q={quote(text)}")
        self.assertEqual(visitor.status, 200, text)
        return visitor

    def found(self, text: str) -> list[str]:
        return shown(self.search(text))
