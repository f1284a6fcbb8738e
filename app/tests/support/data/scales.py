"""What a page weighs on its way to a browser, and what it may weigh."""

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

import html5lib
from flask import Flask, Response

from app.extensions import compress
from app.tests.support.base import SITE
from app.tests.support.every_page import Readers, SitePage

# What a page and its style may take, and the requests before the first picture of a person.
MOST_BYTES = 12 * 1024


MOST_REQUESTS = 3


# What browsers say they can read.
ENCODINGS = {"Accept-Encoding": "gzip, deflate, br, zstd"}


class Weight(NamedTuple):
    """Bytes as they are sent, without their headers."""

    text: str
    html: int
    css: int
    images: int
    # All requests, and those that are not for the picture of a person.
    requests: int
    requests_before_avatars: int

    @property
    def dom_nodes(self) -> int:
        """Count the elements, texts and comments that a browser makes of the page."""

        def count(node) -> int:
            return 1 + sum(map(count, node.childNodes))

        return count(html5lib.parse(self.text, "dom"))


class _Parts(HTMLParser):
    """What a browser asks for because of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.styles, self.scripts, self.images = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        rel = (attributes.get("rel") or "").split()
        if tag == "link" and "stylesheet" in rel:
            self.styles.add(attributes["href"])
        elif tag == "link" and "icon" in rel and not attributes["href"].startswith("data:"):
            self.images.add(attributes["href"])
        elif tag == "script" and "src" in attributes:
            self.scripts.add(attributes["src"])
        elif tag == "img":
            self.images.add(attributes["src"])


class Scales:
    """Weighs pages of `app`; what several of them need is asked for once."""

    def __init__(self, app: Flask, origin: str = SITE):
        self.app, self.origin = app, origin
        self.readers = Readers(app, origin)
        self._sizes: dict[str, int] = {}

    def weigh(self, page: SitePage) -> Weight:
        browser = self.readers.visit(page)
        parts = _Parts(browser.text)
        avatars = {url for url in parts.images if urlsplit(url).path.startswith("/avatar/")}
        others = parts.styles | parts.scripts | parts.images - avatars
        return Weight(
            text=browser.text,
            html=self._compressed(browser.text),
            css=sum(map(self._size, parts.styles)),
            images=sum(map(self._size, parts.images)),
            requests=1 + len(others) + len(avatars),
            requests_before_avatars=1 + len(others),
        )

    def _compressed(self, text: str) -> int:
        # The tests' browser reads pages as they are, so that they are compressed afterwards.
        with self.app.test_request_context(headers=ENCODINGS):
            return len(compress.after_request(Response(text)).get_data())

    def _size(self, url: str) -> int:
        if url not in self._sizes:
            with self.app.app_context():
                client = self.app.test_client()
                response = client.get(url, base_url=self.origin, headers=ENCODINGS)
            if response.status_code != 200:
                raise AssertionError(f"{url}: {response.status}")
            self._sizes[url] = len(response.get_data())
        return self._sizes[url]
