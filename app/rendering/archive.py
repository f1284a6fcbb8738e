"""The zip that somebody takes along: pages to read, and the same as JSON and CSV.

It is made while it is sent, and never stands in memory as a whole.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

from flask import render_template

from app.rendering.posts import linkify

# Posts on one HTML page.
POSTS_A_PAGE = 500
# Bytes that are collected before they are sent on.
PIECE = 64 * 1024
FORMAT = "microblog 1"


class Entry(NamedTuple):
    """One post as the archive tells it, with instants as ISO 8601 has them."""

    url: str
    time: str
    edited: str | None
    # The address of the post that it answers, if it does.
    in_reply_to: str | None
    text: str


class _Pipe(io.RawIOBase):
    """A file that zipfile writes to at one end, and that is emptied at the other."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.waiting += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken, self.waiting = bytes(self.waiting), bytearray()
        return taken


def pieces(profile: dict, entries: Callable[[], Iterator[Entry]]) -> Iterator[bytes]:
    """Return the zip in pieces of some 64 KiB.

    `profile` has the keys nickname, about_me, web_address, site, following and blocked;
    `entries` begins to read all posts anew, newest first.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, texts in _files(profile, entries):
            with archive.open(name, "w", force_zip64=True) as file:
                for text in texts:
                    file.write(text.encode())
                    if len(pipe.waiting) >= PIECE:
                        yield pipe.take()
    yield pipe.take()


def _files(profile: dict, entries) -> Iterator[tuple[str, Iterable[str]]]:
    yield "profile.json", [json.dumps({"format": FORMAT, **profile}, indent=2)]
    yield "posts.json", _json(entries())
    yield "posts.csv", _csv(entries())
    rest, tag_url = entries(), profile["site"] + "tag/"
    following = list(islice(rest, POSTS_A_PAGE))
    for number in count(1):
        page, following = following, list(islice(rest, POSTS_A_PAGE))
        posts = [(entry, linkify.render(entry.text, (), "", tag_url)) for entry in page]
        text = render_template(
            "data/archive.html",
            profile=profile,
            posts=posts,
            number=number,
            more=bool(following),
        )
        yield ("index.html" if number == 1 else f"page-{number}.html"), [text]
        if not following:
            return


def _json(entries: Iterable[Entry]) -> Iterator[str]:
    # One post a line, so that it can be read in again without a whole list in memory.
    yield "["
    comma = "\n"
    for entry in entries:
        yield comma + json.dumps(entry._asdict(), ensure_ascii=False)
        comma = ",\n"
    yield "\n]\n"


def _csv(entries: Iterable[Entry]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    for row in _rows(entries):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _rows(entries: Iterable[Entry]) -> Iterator[tuple]:
    yield Entry._fields
    yield from entries
