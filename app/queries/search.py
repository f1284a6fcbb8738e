"""Finding posts and users by what a visitor types; any text at all is a query.

The index is kept by triggers that the migrations make: FTS5 in SQLite, tsvector in
PostgreSQL. What is typed never reaches their query languages as it is.
"""

import html
import re
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from markupsafe import Markup

from app.bounded import bounded
from app.extensions import db
from app.markup import tag_in, tag_key
from app.models import User
from app.posts import Post, Tag
from app.queries import pagination, timelines
from app.queries.pagination import Bounds, Page
from app.queries.profiles import PEOPLE

LONGEST_QUERY = 200
MOST_WORDS = 10
# Seconds after which the database gives one up.
MAX_SECONDS = 2.0

PART = re.compile(
    r"""from:(?P<author>[A-Za-z0-9_.-]{1,64}) (?!\S)
      | \#(?P<tag>[^\s"]+)
      | "(?P<phrase>[^"]*)"
      | (?P<word>[^\s"]+)""",
    re.VERBOSE | re.IGNORECASE,
)


# The same in the trigger of PostgreSQL; FTS5 does it by itself.
ACCENTS = re.compile("[\u0300-\u036f]")
# What stands between ASCII punctuation, which leaves no operator of a query language in it.
WORD = re.compile(r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")
# Where a text is cut to mark its words: accents stay with their letters.
SPLIT = re.compile("((?:[^\\W_][\u0300-\u036f]*)+)")


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
    """Read words, prefixes (`flas*`), "quoted phrases", `from:nickname` and `#tag`."""
    query = Query()
    # Composed, as posts are kept. PostgreSQL takes no NUL, and nobody types one.
    text = unicodedata.normalize("NFC", text[:LONGEST_QUERY]).replace("\0", " ")
    for part in PART.finditer(text):
        # Every one is another thing for the database to look up.
        if len(query.phrases) + len(query.authors) + len(query.tags) == MOST_WORDS:
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
    """Give the words of `text`: example.com is two, and a smile is none."""
    found = WORD.findall(text)
    return [word for word in found if any(map(str.isalnum, word))][:MOST_WORDS]


def folded(text: str) -> str:
    """Give `text` as the indexes read it: small letters without their accents."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


def marker(query: Query):
    """Give a function that escapes a piece of text and marks the words that were looked for."""
    whole = {word for phrase in query.phrases for word in words(folded(phrase.written))}
    whole |= {folded(tag) for tag in query.tags}
    beginnings = tuple(words(folded(p.written))[-1] for p in query.phrases if p.is_prefix)

    def is_wanted(word: str) -> bool:
        word = folded(word)
        return word in whole or (bool(beginnings) and word.startswith(beginnings))

    def mark(text: str) -> str:
        return "".join(
            f"<mark>{html.escape(piece)}</mark>" if is_wanted(piece) else html.escape(piece)
            for piece in SPLIT.split(text)
        )

    return mark


def posts(query: Query, bounds: Bounds) -> Page:
    """Give a page of the posts that match all of `query`, newest first. Raises TookTooLong."""
    if not query:
        return Page([])
    statement = timelines.POSTS
    if query.phrases:
        statement = statement.where(Post.id.in_(MATCHES[db.engine.dialect.name](query.phrases)))
    if query.authors:
        # Nobody is two people, so two of them find nothing.
        statement = statement.where(*(User.nickname_key == nickname for nickname in query.authors))
    for tag in query.tags:
        statement = statement.where(Post.id.in_(sa.select(Tag.post_id).where(Tag.name == tag)))
    with bounded(MAX_SECONDS):
        return pagination.read(pagination.both_ways(statement, Post.id), bounds)


def _in_sqlite(phrases: list[Phrase]) -> sa.TextClause:
    # Everything is quoted, and within quotes FTS5 knows no operators.
    match = " AND ".join(
        f'"{" ".join(words(phrase.written))}"{"*" if phrase.is_prefix else ""}'
        for phrase in phrases
    )
    return sa.text("SELECT rowid FROM post_search WHERE post_search MATCH :match").bindparams(
        match=match
    )


def _in_postgresql(phrases: list[Phrase]) -> sa.TextClause:
    # Each word is quoted, and none holds a quote.
    match = " & ".join(
        "("
        + " <-> ".join(f"'{word}'" for word in words(folded(phrase.written)))
        + (":*)" if phrase.is_prefix else ")")
        for phrase in phrases
    )
    return sa.text(
        "SELECT post_id FROM post_search WHERE document @@ to_tsquery('simple', :match)"
    ).bindparams(match=match)


MATCHES = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}


def users(query: Query, bounds: Bounds) -> Page:
    """Give a page of the users whose nickname begins with one of the words, newest first.

    Raises TookTooLong.
    """
    if not (beginnings := _beginnings(query)):
        return Page([])
    fits = (User.nickname_key.startswith(text, autoescape=True) for text in beginnings)
    with bounded(MAX_SECONDS):
        return pagination.read(pagination.both_ways(PEOPLE.where(sa.or_(*fits)), User.id), bounds)


def nickname_marker(query: Query):
    """Give a function that escapes a nickname and marks the beginning that was looked for."""
    beginnings = _beginnings(query)

    def mark(nickname: str) -> Markup:
        fits = (len(text) for text in beginnings if nickname.lower().startswith(text))
        end = max(fits, default=0)
        return Markup("<mark>{}</mark>{}").format(nickname[:end], nickname[end:])

    return mark


def _beginnings(query: Query) -> list[str]:
    return [phrase.written.strip("@*").lower() for phrase in query.phrases] + query.authors
