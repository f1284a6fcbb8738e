"""What a visitor is looking for: words, prefixes, phrases, authors and tags."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

from app.models import nicknames
from app.models.posts.contents import tag_in, tag_key

MAX_QUERY = 200
MAX_WORDS = 10

PART = re.compile(
    rf"""from:(?P<author>{nicknames.SHAPE.pattern}) (?!\S)
      | \#(?P<tag>[^\s"]+)
      | "(?P<phrase>[^"]*)"
      | (?P<word>[^\s"]+)""",
    re.VERBOSE | re.IGNORECASE,
)
# The same in the trigger of PostgreSQL; FTS5 does it by itself.
ACCENTS = re.compile("[\u0300-\u036f]")
# What stands between ASCII punctuation, which leaves no operator of a query language in it.
WORD = re.compile(r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")


class Phrase(NamedTuple):
    """Words that have to stand one after the other."""

    written: str
    # Whether the last of them is only the beginning of a word.
    is_prefix: bool


@dataclass
class Query:
    """What a visitor is looking for."""

    phrases: list[Phrase] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.phrases or self.authors or self.tags)


def parse(text: str) -> Query:
    """Return what `text` asks for: words, prefixes (`flas*`), "phrases", `from:nickname`, `#tag`.

    No text is refused. At most MAX_QUERY characters of it and MAX_WORDS things are looked at.
    """
    query = Query()
    # Composed, as posts are kept. PostgreSQL takes no NUL, and nobody types one.
    text = unicodedata.normalize("NFC", text[:MAX_QUERY]).replace("\0", " ")
    for part in PART.finditer(text):
        # Every one is another thing for the database to look up.
        if len(query.phrases) + len(query.authors) + len(query.tags) == MAX_WORDS:
            break
        if part["author"]:
            query.authors.append(part["author"].lower())
        elif part["tag"] and (key := tag_key(tag_in(part["tag"]))):
            query.tags.append(key)
        else:
            written = part["phrase"] or part["word"] or part["tag"] or ""
            if words(written):
                query.phrases.append(Phrase(written, written.endswith("*")))
    return query


def words(text: str) -> list[str]:
    """Return at most MAX_WORDS words of `text`: example.com is two, and a smile is none."""
    found = WORD.findall(text)
    return [word for word in found if any(map(str.isalnum, word))][:MAX_WORDS]


def folded(text: str) -> str:
    """Return `text` as the indexes read it: small letters without their accents."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


def beginnings(query: Query) -> list[str]:
    """Return what the nicknames that `query` looks for begin with, in lower case."""
    return [phrase.written.strip("@*").lower() for phrase in query.phrases] + query.authors
