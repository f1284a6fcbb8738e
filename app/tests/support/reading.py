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
    """Return the texts of the posts on a page, from top to bottom."""
    return [html.unescape(re.sub("<[^>]+>", "", body)) for body in BODY.findall(browser.text)]


def asking(path: str, parameters: str) -> str:
    """Return `path`, which may ask for something already, with more parameters."""
    return f"{path}{'&' if '?' in path else '?'}{parameters}"


def selects(action: Callable[[], object]) -> int:
    """Return how many SELECTs `action` sends."""
    return len(sent_selects(action))


def sent_selects(action: Callable[[], object]) -> list[tuple[str, object]]:
    """Return the SELECTs that `action` sends, each with the values in it."""
    return [
        (statement, values)
        for statement, values in sent(action)
        if statement.lstrip("( ").startswith(("SELECT", "WITH"))
    ]


def statements(action: Callable[[], object]) -> list[str]:
    """Return the statements that `action` sends, but for those that begin and end transactions."""
    return [statement for statement, _ in sent(action) if not statement.startswith("BEGIN")]


def sent(action: Callable[[], object]) -> list[tuple[str, object]]:
    """Return all that `action` has the database do: statements, and the values in them."""
    noted = []

    def note(connection, cursor, statement, values, *rest):
        noted.append((statement, values))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return noted


class SearchPageTestCase(PeopleTestCase):
    def search(self, text: str) -> Browser:
        visitor = self.browser()
        visitor.get(f"/search?q={quote(text)}")
        self.assertEqual(visitor.status, 200, text)
        return visitor

    def found(self, text: str) -> list[str]:
        return shown(self.search(text))
