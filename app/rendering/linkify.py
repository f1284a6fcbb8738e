"""A post's text as HTML: its URLs, mentions and tags become links, all else is escaped."""

import html
import re
import unicodedata
from collections.abc import Callable, Container
from itertools import takewhile
from urllib.parse import quote

from markupsafe import Markup

# Characters that end a URL in running text although a URL may hold them.
TRAILING = ".,:;!?'\"*_~"
BRACKETS = {")": "(", "]": "["}
LONGEST_TAG = 64

TOKEN = re.compile(
    r"""(?P<url> (?<![\w/]) https?://[^\s<>"`{}|\\^\x00-\x1f\x7f]+ )
      | (?P<mention> (?<![\w@/.]) @[A-Za-z0-9_.-]{1,64}+ (?![\w.-]) )
      # All but white space and ASCII punctuation; tag_in() knows where it ends.
      | (?P<tag> (?<![\w&/#]) \#[^\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]+ )""",
    re.VERBOSE | re.IGNORECASE,
)


def in_url(tag: str) -> str:
    return quote(tag, safe="")


def tag_in(run: str) -> str:
    """Give the beginning of `run` that can be a tag: letters with their marks, digits, _."""
    return "".join(takewhile(_is_of_tags, run))


def _is_of_tags(character: str) -> bool:
    # Not \w of regular expressions, which leaves out the vowels of Hindi.
    return character == "_" or unicodedata.category(character)[0] in "LNM"


def tag_key(name: str) -> str | None:
    """Give the one form of a tag however it is typed, or None when `name` is none.

    A tag of digits alone is a number (#1), not a tag.
    """
    # No letter is typed as more than four, and to compose many may take very long.
    if len(name) > 4 * LONGEST_TAG:
        return None
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    if not 1 <= len(key) <= LONGEST_TAG or not all(map(_is_of_tags, key)):
        return None
    return key if any(unicodedata.category(character)[0] == "L" for character in key) else None


def tags_of(text: str) -> set[str]:
    """Give the tags that `text` carries, as they are kept: without #, in lower case."""
    runs = (token["tag"][1:] for token in TOKEN.finditer(text) if token["tag"])
    return {key for run in runs if (key := tag_key(tag_in(run)))}


def mentions_in(text: str) -> set[str]:
    """Give the nicknames, in lower case, that `text` may mention.

    What ends a mention belongs to the sentence or to the name; both are tried.
    """
    found = set()
    for token in TOKEN.finditer(text):
        if token["mention"]:
            found |= set(_names(token["mention"][1:]))
    return found


def _names(written: str) -> list[str]:
    # A dot or dash ends the sentence, if there is somebody of the name without it: names
    # made before nicknames.py refused them may still end with one.
    tried = [written.rstrip(".-"), written, written.rstrip(".-_")]
    return [name.lower() for name in dict.fromkeys(tried) if name]


def render(
    text: str,
    known: Container[str],
    user_url: str,
    tag_url: str,
    plain: Callable[[str], str] = html.escape,
) -> Markup:
    """Give `text` as HTML.

    `known` holds the nicknames, in lower case, that there are; `user_url` and
    `tag_url` are what the addresses of users' and of tags' pages begin with; `plain`
    makes HTML of text, also of a link's.
    """
    # Plain strings until the end: Markup escapes whatever it is joined or formatted with,
    # and that was most of what a page of posts cost.
    pieces, position = [], 0
    for token in TOKEN.finditer(text):
        linked = _link(token, known, user_url, tag_url, plain)
        if linked is None:
            continue
        link, length = linked
        pieces.append(plain(text[position : token.start()]))
        pieces.append(link)
        position = token.start() + length
    pieces.append(plain(text[position:]))
    # Feed readers and text browsers know nothing of our style.
    return Markup("".join(pieces).replace("\n", "<br>\n"))


def _link(token: re.Match, known, user_url, tag_url, plain) -> tuple[str, int] | None:
    """Give the link that a token becomes and how much of the text it stands for, or None."""
    kind, written = token.lastgroup, token[0]
    if kind == "url":
        url = _without_trailing(written)
        if not re.match(r"https?://[\w\[]", url, re.IGNORECASE):
            return None
        link = f'<a href="{html.escape(url)}" rel="nofollow ugc noopener">{plain(url)}</a>'
        return link, len(url)
    if kind == "mention":
        for name in _names(written[1:]):
            if name in known:
                shown = written[: len(name) + 1]
                return f'<a href="{user_url}{name}">{plain(shown)}</a>', len(shown)
        return None
    shown = "#" + tag_in(written[1:])
    key = tag_key(shown[1:])
    if key is None:
        return None
    return f'<a href="{tag_url}{in_url(key)}" rel="tag">{plain(shown)}</a>', len(shown)


def _without_trailing(url: str) -> str:
    """Cut what belongs to the sentence: (see https://example.com/a_(b)). keeps a_(b)."""
    while url:
        last = url[-1]
        unopened = last in BRACKETS and url.count(last) > url.count(BRACKETS[last])
        if last not in TRAILING and not unopened:
            break
        url = url[:-1]
    return url
