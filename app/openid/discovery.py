"""What discovery may read of a fetched document, written out again in a plain form.

python3-openid looks for its few tags with regular expressions and lists that take
quadratic time or memory on crafted input: an unterminated `<!--`, `<script`, `<html` or
`<head`, one long word inside `<link`, an XRDS with many URIs beside many Types. The
server would stand still for minutes over 256 KiB. Here everything is found in one pass,
and the library is given a new document that holds those tags and nothing else.
"""

import re
from xml.etree import ElementTree

from openid.yadis.etxrd import XRDSError, parseXRDS

from app.openid.network import MAX_URL

# For every URI of a service the library copies the list of its Types. The largest
# XRDS documents in use have about a hundred elements.
MAX_XRDS_ELEMENTS = 400

_HIDDEN_FROM = re.compile(
    r"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)|(?P<script><script\b(?!:))", re.IGNORECASE
)
_HIDDEN_TO = {
    "comment": re.compile(r"-->"),
    "cdata": re.compile(r"\]\]>"),
    "script": re.compile(r"</script>", re.IGNORECASE),
}
_HTML_FROM = re.compile(r"<html\b(?!:)", re.IGNORECASE)
_HTML_TO = re.compile(r"</?html\s*+>", re.IGNORECASE)
_HEAD_FROM = re.compile(r"<head\b(?!:)", re.IGNORECASE)
_HEAD_TO = re.compile(r"</?(?:head|body)\b(?![:-])", re.IGNORECASE)
_TAG = re.compile(r"<(link|meta)(?=[\s/])", re.IGNORECASE)
# The lookbehind and the possessive quantifiers keep this linear: a word is tried once,
# from its beginning, and not again from each of its letters. They stand after single
# characters only, for Python before 3.11.5 gets those after groups wrong. A slash belongs
# to an unquoted value unless the tag ends with it.
_ATTRIBUTE = re.compile(
    r"""(?<![\w:.-]) (?P<name> [\w:.-]++ ) \s*+ = \s*+
        (?P<value> "[^"]*" | '[^']*' | (?!["']) [^\s<>]+ (?: (?<!/) | (?!>) ) )
      | [<>]""",
    re.VERBOSE,
)
_NEEDED = {"link": ("rel", "href"), "meta": ("http-equiv", "content")}


def for_discovery(text: str) -> str:
    """Return the document that python3-openid may parse in place of the fetched `text`.

    That is an XRDS document without comments and processing instructions, or else the
    `<link>` and `<meta>` tags of an HTML page's head. Takes time in proportion to the
    text, and raises nothing.
    """
    return _plain_xrds(text) or _plain_html(text)


def _plain_xrds(text: str) -> str | None:
    """Return an XRDS document (Yadis 1.0, section 7) made plain, or None when `text` is none.

    The content type does not tell: the library reads any document first as XRDS and,
    when that yields no OpenID, as HTML. A processing instruction can hide all the
    unterminated tags of the world inside a document that is well-formed XML.
    """
    try:
        root = parseXRDS(text).getroot()
    except XRDSError:
        return None
    for count, element in enumerate(root.iter(), start=1):
        if count > MAX_XRDS_ELEMENTS or len(element.text or "") > MAX_URL:
            return None
    plain = ElementTree.tostring(root, encoding="unicode")
    if _HTML_FROM.search(plain) or _HIDDEN_FROM.search(plain):
        return None
    return plain


def _plain_html(text: str) -> str:
    """Return a page with the same OpenID tags as `text` in its head, and nothing else.

    The head is where the library's `html_parse` finds it. A head outside of `<html>`
    stays outside: Yadis takes it, the older `<link>` discovery does not.
    """
    page = _without_hidden(text)
    html = _contents(page, _HTML_FROM, _HTML_TO, 0, len(page))
    start, stop = html or (0, len(page))
    head = _contents(page, _HEAD_FROM, _HEAD_TO, start, stop)
    lines = [*(_tags(page, *head) if head else []), "</head>"]
    return ("<html>" if html else "") + "<head>\n" + "\n".join(lines)


def _without_hidden(text: str) -> str:
    """Return `text` without terminated comments, CDATA sections and scripts."""
    kept: list[str] = []
    unclosed: set[str] = set()
    position = 0
    for opening in _HIDDEN_FROM.finditer(text):
        kind = str(opening.lastgroup)
        if opening.start() < position or kind in unclosed:
            continue
        start = opening.end()
        if kind == "script":
            start = text.find(">", start)
        closing = _HIDDEN_TO[kind].search(text, start) if start >= 0 else None
        if closing is None:
            # What is not closed from here on is not closed from further on either.
            unclosed.add(kind)
            continue
        kept.append(text[position : opening.start()])
        position = closing.end()
    kept.append(text[position:])
    return "".join(kept)


def _contents(page: str, opening, closing, start: int, stop: int) -> tuple[int, int] | None:
    """Return where an element's contents begin and end between `start` and `stop`, or None."""
    found = opening.search(page, start, stop)
    if found is None:
        return None
    end_of_tag = page.find(">", found.end(), stop)
    if end_of_tag < 0 or page[end_of_tag - 1] == "/":
        return None
    end = closing.search(page, end_of_tag + 1, stop)
    return end_of_tag + 1, end.start() if end else stop


def _tags(page: str, start: int, stop: int) -> list[str]:
    """Return the `<link>` and `<meta>` tags between `start` and `stop`, each written out."""
    tags, position = [], start
    for tag in _TAG.finditer(page, start, stop):
        if tag.start() < position:
            # It stands within a quoted value of the tag before. Reading it as well
            # would allow every tag to be read to the end of the page.
            continue
        attributes = {}
        position = len(page)
        for attribute in _ATTRIBUTE.finditer(page, tag.end()):
            if attribute["name"] is None:
                position = attribute.start()
                break
            attributes[attribute["name"].lower()] = attribute["value"]
        needed = [
            f"{name}={attributes[name]}"
            for name in _NEEDED[tag[1].lower()]
            if name in attributes and _is_plain(attributes[name])
        ]
        if len(needed) == 2:
            tags.append(f"<{tag[1].lower()} {' '.join(needed)} >")
    return tags


def _is_plain(value: str) -> bool:
    """Return whether a quoted value can be written out: a URL has neither `<` nor `>`."""
    return len(value) <= MAX_URL and "<" not in value and ">" not in value
