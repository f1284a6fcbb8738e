"""What a post's text holds: URLs, mentions and tags."""

import re
import unicodedata
from collections.abc import Container
from itertools import takewhile

from app.models.nicknames import MAX_NICKNAME

# In characters.
MAX_TAG = 64

TOKEN = re.compile(
    rf"""(?P<url> (?<![\w/]) https?://[^\s<>"`{{}}|\\^\x00-\x1f\x7f]+ )
      | (?P<mention> (?<![\w@/.]) @[A-Za-z0-9_.-]{{1,{MAX_NICKNAME}}}+ (?![\w.-]) )
      # All but white space and ASCII punctuation; tag_in() knows where it ends.
      | (?P<tag> (?<![\w&/#]) \#[^\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]+ )""",
    re.VERBOSE | re.IGNORECASE,
)


def tag_in(run: str) -> str:
    """Return the beginning of `run` that can be a tag: letters with their marks, digits, _."""
    return "".join(takewhile(_is_of_tags, run))


def _is_of_tags(character: str) -> bool:
    # Not \w of regular expressions, which leaves out the vowels of Hindi.
    return character == "_" or unicodedata.category(character)[0] in "LNM"


def tag_key(name: str) -> str | None:
    """Return the one form of a tag however it is typed, or None when `name` is none.

    A tag of digits alone is a number (#1), not a tag.
    """
    # No letter is typed as more than four, and to compose many may take very long.
    if len(name) > 4 * MAX_TAG:
        return None
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    if not 1 <= len(key) <= MAX_TAG or not all(map(_is_of_tags, key)):
        return None
    return key if any(unicodedata.category(character)[0] == "L" for character in key) else None


def tags_of(text: str) -> set[str]:
    """Return the tags that `text` carries, as they are kept: without #, in lower case."""
    runs = (token["tag"][1:] for token in TOKEN.finditer(text) if token["tag"])
    return {key for run in runs if (key := tag_key(tag_in(run)))}


def mentions_in(text: str) -> set[str]:
    """Return the nicknames, in lower case, that `text` may mention.

    What ends a mention belongs to the sentence or to the name; both are tried.
    """
    found = set()
    for token in TOKEN.finditer(text):
        if token["mention"]:
            found |= set(possible_names(token["mention"][1:]))
    return found


def mentioned(text: str, known: Container[str]) -> set[str]:
    """Return those of the `known` nicknames, in lower case, that `text` mentions."""
    found = set()
    for token in TOKEN.finditer(text):
        if token["mention"]:
            names = possible_names(token["mention"][1:])
            found |= set([name for name in names if name in known][:1])
    return found


def possible_names(written: str) -> list[str]:
    """Return the nicknames, in lower case, that a mention may mean, the likeliest first."""
    # A dot or dash ends the sentence, if there is somebody of the name without it: names
    # made before nicknames.py refused them may still end with one.
    tried = [written.rstrip(".-"), written, written.rstrip(".-_")]
    return [name.lower() for name in dict.fromkeys(tried) if name]
