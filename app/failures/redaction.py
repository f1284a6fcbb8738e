"""Redact secrets and visitor input from logs and mail: cookies, tokens, keys, what was typed."""

import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

import sqlalchemy as sa
from flask import has_request_context, request, session

HIDDEN = "[hidden]"
# Shorter values are in every text by chance, and hide nothing that is worth it.
MIN_VALUE = 4
# Of a request with more values than this, the rest is not looked for.
MAX_VALUES = 300


def one_line(text: str) -> str:
    """Return `text` with every control character escaped, so that it stays one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class OwnWord(str):
    """A word of this site's own, which is told even if the visitor has sent the same."""

    __slots__ = ()


class _Quoted:
    """A value as it may stand in a message."""

    def __init__(self, value, redact: Callable[[str], str]):
        self.value = value
        self.redact = redact

    def __str__(self) -> str:
        return self.redact(str(self.value))

    def __repr__(self) -> str:
        return self.redact(repr(self.value))


class Redactor:
    """Takes out of a text what its readers must not learn.

    It is the last of several measures: nothing of this is meant to be in any text, but
    an exception may quote whatever it choked on.
    """

    def __init__(self, config: dict):
        """Take the settings of an application, for its keys and passwords."""
        self._keys = _pattern(_spellings(_keys(config)))

    def __call__(self, text: str) -> str:
        """Return `text` without keys, and without what the present request brought."""
        text = self.keys(text)
        if not has_request_context():
            return text
        # Next to none of them is ever there, and a pattern of all takes milliseconds to make.
        return _pattern(_possible(_spellings(_sent_values()), text)).sub(HIDDEN, text)

    def keys(self, text: str) -> str:
        """Return `text` without the site's own keys and passwords."""
        return self._keys.sub(HIDDEN, text)

    def message(self, record: logging.LogRecord) -> str:
        """Return the message of `record`, in which our own words stay readable."""
        # What stands beside a traceback are Flask's words and the path, without which
        # nobody could tell what was asked for.
        redact = self.keys if record.exc_info else self
        if record.name.partition(".")[0] != "app":
            # A library makes its texts of whatever was sent before the log sees them.
            return redact(record.getMessage())
        if not record.args:
            return str(record.msg)

        def quoted(value):
            return value if isinstance(value, OwnWord | int | float) else _Quoted(value, redact)

        if isinstance(record.args, dict):
            return str(record.msg) % {name: quoted(v) for name, v in record.args.items()}
        return str(record.msg) % tuple(map(quoted, record.args))

    def traceback(self, error: BaseException) -> Iterator[str]:
        """Return the lines of a traceback, of which only the exceptions' own words can tell."""
        for line in _lines(traceback.TracebackException.from_exception(error), self):
            yield one_line(line)

    def words(self, error: BaseException) -> str:
        """Return the first line of what stands at the end of a traceback."""
        words = "".join(traceback.format_exception_only(error)).strip()
        return one_line(self(words).partition("\n")[0])


def _lines(error: traceback.TracebackException, redact: Redactor) -> Iterator[str]:
    if error.__cause__ is not None:
        yield from _lines(error.__cause__, redact)
        yield from ("", "The above exception was the direct cause of the following one:", "")
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _lines(error.__context__, redact)
        yield from ("", "During handling of the above exception, another one occurred:", "")
    yield "Traceback (most recent call last):"
    for frame in error.stack.format():
        yield from frame.rstrip("\n").split("\n")
    yield from redact("".join(error.format_exception_only()).rstrip("\n")).split("\n")
    for inner in error.exceptions or ():
        yield from ("    " + line for line in _lines(inner, redact))


def _spellings(values: Iterable[str]) -> set[str]:
    """Return all ways in which a text may quote one of `values`."""
    spellings = set()
    for value in values:
        for piece in {value, *value.splitlines()}:
            # A library may have dropped the slash of an address.
            piece = piece.strip().rstrip("/")
            if len(piece) >= MIN_VALUE:
                spellings |= {piece, repr(piece)[1:-1], quote(piece, safe=""), quote_plus(piece)}
    return spellings


def _possible(spellings: Iterable[str], text: str) -> list[str]:
    """Return the `spellings` that may be in `text`: beyond ASCII, case is left to a pattern."""
    lowered = text.lower()
    plain = text.isascii()
    return [s for s in spellings if not (plain and s.isascii()) or s.lower() in lowered]


def _pattern(spellings: Iterable[str]) -> re.Pattern:
    """Return the pattern that matches any of `spellings`."""
    if not spellings:
        return re.compile(r"(?!)")
    # The longest first: one value may be a part of another.
    longest_first = sorted(spellings, key=len, reverse=True)
    # Whatever its case: nicknames are looked up in lower case.
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)


def _keys(config: dict) -> Iterator[str]:
    yield config.get("SECRET_KEY", "")
    yield config.get("MAIL_PASSWORD", "")
    url = config.get("SQLALCHEMY_DATABASE_URI", "sqlite://")
    yield sa.make_url(url).password or ""
    yield from (v for name, v in parse_qsl(urlsplit(url).query) if "pass" in name.lower())
    yield unquote(urlsplit(config.get("RATELIMIT_STORAGE_URI", "")).password or "")


def _sent_values() -> list[str]:
    found = list(request.args.values())
    # Only a form that has been read: reading it here could fail or wait for the visitor.
    found += request.__dict__.get("form", {}).values()
    found += request.cookies.values()
    # Messages for the visitor are the site's own words.
    found += _texts({k: v for k, v in session.items() if k != "_flashes"}) if session else []
    return [value for _, value in zip(range(MAX_VALUES), found, strict=False)]


def _texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return []
    return [text for inner in value for text in _texts(inner)]
