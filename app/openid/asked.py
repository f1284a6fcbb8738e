"""What this browser has asked providers: it waits in the session, beside the answer's state."""

import secrets
from typing import NamedTuple

from app.web import browser_session

# How many sign-ins one browser may have under way, in as many tabs.
MAX_PENDING = 4
# Characters of what was typed, of which those outside ASCII take six in a cookie.
MAX_TYPED = 255


class Asked(NamedTuple):
    """One sign-in under way, as the session keeps it."""

    state: str
    remember: bool = False
    # The id of the user who wants to add the OpenID, or to show again that it is them.
    add_to: int | None = None
    prove: int | None = None
    # What was typed, under the name of its field.
    typed: dict[str, str] = {}


def expect(
    remember: bool = False,
    add_to: int | None = None,
    prove: int | None = None,
    typed: dict[str, str] | None = None,
) -> str:
    """Keep what is asked, and return the state that its answer has to bring back."""
    asked = Asked(secrets.token_urlsafe(16), remember, add_to, prove, _short(typed or {}))
    # A list, because the keys of a dictionary are sorted on their way into the cookie. What
    # was typed is kept once: the cookie has to stay small.
    before = [list(earlier._replace(typed={})) for earlier in _all()[-(MAX_PENDING - 1) :]]
    browser_session.set_under_way([*before, list(asked)])
    browser_session.set_typed({})
    return asked.state


def is_expected(state: str) -> bool:
    """Return whether this browser asked with that state, and has had no answer."""
    return any(asked.state == state for asked in _all())


def take(state: str) -> Asked:
    """Return what was asked with that state, which from now on is no longer expected.

    Raises KeyError for one that was not.
    """
    waiting = {asked.state: asked for asked in _all()}
    asked = waiting.pop(state)
    browser_session.set_under_way([list(other) for other in waiting.values()])
    return asked


def give_back(typed: dict[str, str]) -> None:
    """Keep what was typed for the page on which its field stands; nothing is put there by a URL."""
    browser_session.set_typed(_short(typed))


def typed(field: str) -> str:
    """Return, once, what was typed in that field before the visitor was sent away, or ""."""
    kept = browser_session.typed()
    if field not in kept:
        return ""
    browser_session.set_typed({})
    return kept[field]


def all_typed() -> dict[str, str]:
    """Return all that waits for its field, and leave it there."""
    return browser_session.typed()


def _all() -> list[Asked]:
    # Those of a version before this one had fewer parts, and are begun anew.
    kept = browser_session.under_way()
    return [Asked(*parts) for parts in kept if len(parts) == len(Asked._fields)]


def _short(typed: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in typed.items() if text and len(ascii(text)) <= MAX_TYPED}
