"""Archives of posts as sites write them, and as nobody does."""

import io
import json
import zipfile
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import Post
from app.tests.support.base import PeopleTestCase
from app.tests.support.browser import Browser

ELSEWHERE = "https://elsewhere.example/post/"


def line(number: int, **changes) -> dict:
    """Return a post as another site's archive tells it."""
    time = (now() - timedelta(days=number + 1)).isoformat()
    post = {
        "url": f"{ELSEWHERE}{9000 - number}",
        "time": time,
        "edited": None,
        "text": f"№ {number}",
    }
    return post | changes


def archived(*posts, name: str = "posts.json") -> bytes:
    """Return a zip with these posts, each a dictionary or a line as it is."""
    lines = [post if isinstance(post, str) else json.dumps(post) for post in posts]
    return zipped({name: "[\n" + ",\n".join(lines) + "\n]\n"})


def zipped(files: dict[str, str], **options) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return made.getvalue()


class ArchiveTestCase(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.browser_of_john = self.browser(self.john)

    def take(self, browser: Browser | None = None) -> zipfile.ZipFile:
        browser = browser or self.browser_of_john
        browser.get("/settings/data")
        browser.submit(button="Make the file")
        self.assertEqual(browser.response.mimetype, "application/zip")
        return zipfile.ZipFile(io.BytesIO(browser.response.data))

    def bring(self, file: bytes, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser_of_john
        browser.get("/settings/data")
        form = {"csrf_token": browser.token(), "archive": (io.BytesIO(file), "mine.zip")}
        browser.post("/settings/data/import", form)
        return browser

    def rows(self) -> list[tuple]:
        posts = sa.select(Post.body, Post.timestamp, Post.edited).order_by(Post.id.desc())
        return [tuple(row) for row in db.session.execute(posts)]
