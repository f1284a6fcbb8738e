"""Marks in what was found: the words, and the beginnings of nicknames, that were looked for."""

import html
import re
from collections.abc import Callable

from markupsafe import Markup

from app.queries.search.terms import Query, beginnings, folded, words

# Where a text is cut to mark its words: accents stay with their letters.
SPLIT = re.compile("((?:[^\\W_][\u0300-\u036f]*)+)")


def marker(query: Query) -> Callable[[str], str]:
    """Return a function that escapes a piece of text and marks the words that were looked for."""
    whole = {word for phrase in query.phrases for word in words(folded(phrase.written))}
    whole |= {folded(tag) for tag in query.tags}
    prefixes = tuple(words(folded(p.written))[-1] for p in query.phrases if p.is_prefix)

    def is_wanted(word: str) -> bool:
        word = folded(word)
        return word in whole or (bool(prefixes) and word.startswith(prefixes))

    def mark(text: str) -> str:
        return "".join(
            f"<mark>{html.escape(piece)}</mark>" if is_wanted(piece) else html.escape(piece)
            for piece in SPLIT.split(text)
        )

    return mark


def nickname_marker(query: Query) -> Callable[[str], Markup]:
    """Return a function that escapes a nickname and marks the beginning that was looked for."""
    wanted = beginnings(query)

    def mark(nickname: str) -> Markup:
        fits = (len(text) for text in wanted if nickname.lower().startswith(text))
        end = max(fits, default=0)
        return Markup("<mark>{}</mark>{}").format(nickname[:end], nickname[end:])

    return mark
