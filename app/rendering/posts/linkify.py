"""A post's text as HTML: its URLs, mentions and tags become links, all else is escaped."""

import html
import re
from collections.abc import Callable, Container
from urllib.parse import quote

from markupsafe import Markup

from app.models.posts.contents import TOKEN, possible_names, tag_in, tag_key

# Makes HTML of text.
Escape = Callable[[str], str]
escape: Escape = html.escape
# Characters that end a URL in running text although a URL may hold them.
TRAILING = ".,:;!?'\"*_~"
BRACKETS = {")": "(", "]": "["}


def render(
    text: str,
    known: Container[str],
    user_url: str,
    tag_url: str,
    plain: Escape = escape,
) -> Markup:
    """Return `text` as HTML.

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
    """Return the link that a token becomes and how much of the text it stands for, or None."""
    kind, written = token.lastgroup, token[0]
    if kind == "url":
        url = _without_trailing(written)
        if not re.match(r"https?://[\w\[]", url, re.IGNORECASE):
            return None
        link = f'<a href="{html.escape(url)}" rel="nofollow ugc noopener">{plain(url)}</a>'
        return link, len(url)
    if kind == "mention":
        for name in possible_names(written[1:]):
            if name in known:
                shown = written[: len(name) + 1]
                return f'<a href="{user_url}{name}">{plain(shown)}</a>', len(shown)
        return None
    shown = "#" + tag_in(written[1:])
    key = tag_key(shown[1:])
    if key is None:
        return None
    in_url = quote(key, safe="")
    return f'<a href="{tag_url}{in_url}" rel="tag">{plain(shown)}</a>', len(shown)


def _without_trailing(url: str) -> str:
    """Return `url` without what ends its sentence: (see https://example.com/a_(b)). keeps a_(b)."""
    while url:
        last = url[-1]
        unopened = last in BRACKETS and url.count(last) > url.count(BRACKETS[last])
        if last not in TRAILING and not unopened:
            break
        url = url[:-1]
    return url
