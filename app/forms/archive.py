"""Reading an archive that somebody brings along: every line of it may be hostile."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO
from urllib.parse import urlsplit

from app.database import now
from app.forms.text import composed, plain_text
from app.models import MAX_BODY
from app.models.posts.brought import MAX_BROUGHT, MAX_SOURCE, PostToBring

MAX_ARCHIVE = 32 * 1024 * 1024  # bytes, compressed
MAX_POSTS_FILE = 128 * 1024 * 1024  # bytes, of posts.json as it is read
# A post with its address and times, every character of it escaped.
MAX_LINE = 8 * 1024
# Ours hold a few hundred files, of some 100 bytes each in the list at the end of a zip.
MAX_DIRECTORY = 512 * 1024
END_OF_DIRECTORY = b"PK\x05\x06"
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


class BadArchive(Exception):
    """The file cannot be read; the text is a sentence for whoever sent it."""


def posts_in(file: IO[bytes]) -> Iterator[PostToBring]:
    """Return the posts of an archive one by one, in their order. Raises BadArchive."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive, archive.open("posts.json") as lines:
            yield from _read(lines)
    except KeyError:
        raise BadArchive("There is no posts.json in this file.") from None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        # Broken, encrypted, or packed in a way that this site does not know.
        raise BadArchive("This file is damaged, or no zip at all.") from None


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a zip whose list of files would fill the memory: zipfile reads it as a whole."""
    size = file.seek(0, io.SEEK_END)
    # It stands before a comment of at most 64 KiB (APPNOTE 4.3.16).
    file.seek(max(0, size - 22 - 0xFFFF))
    tail = file.read()
    file.seek(0)
    start = tail.rfind(END_OF_DIRECTORY)
    if start < 0 or len(tail) < start + 22:
        raise BadArchive("This file is damaged, or no zip at all.")
    (directory,) = struct.unpack_from("<L", tail, start + 12)
    if directory > MAX_DIRECTORY:
        raise BadArchive("There are too many files in this zip to be one from here.")


def _read(lines: IO[bytes]) -> Iterator[PostToBring]:
    total = number = 0
    while line := lines.readline(MAX_LINE):
        total += len(line)
        if total > MAX_POSTS_FILE:
            raise BadArchive("The posts in this file are more than this site can take.")
        text = line.strip().rstrip(b",").strip()
        if text in {b"", b"[", b"]"}:
            continue
        number += 1
        if number > MAX_BROUGHT:
            raise BadArchive(f"This site takes at most {MAX_BROUGHT} posts.")
        post = _post(text)
        if post is None:
            raise BadArchive(f"Post {number} in this file is not as this site writes it.")
        yield post


def _post(line: bytes) -> PostToBring | None:
    """Return the post of one line, or None when it is not one."""
    try:
        found = json.loads(line)
        url, text = found["url"], found["text"]
        time, edited = _instant(found["time"]), found["edited"] and _instant(found["edited"])
        is_address = urlsplit(url).scheme in {"http", "https"} and url.isprintable()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    if not (is_address and len(url) <= MAX_SOURCE and isinstance(text, str)):
        return None
    body = composed(plain_text(text))
    # JSON can write half of a character, which no database takes.
    if not 1 <= len(body) <= MAX_BODY or any("\ud800" <= c <= "\udfff" for c in body + url):
        return None
    return PostToBring(url, body, time, edited or None)


def _instant(text: str) -> datetime:
    """Return an instant of the archive. Raises ValueError outside of what a site can have."""
    instant = datetime.fromisoformat(text).astimezone(UTC)
    if not OLDEST <= instant <= now():
        raise ValueError
    return instant
