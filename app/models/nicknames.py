"""What a nickname, and a username at our own provider, may look like."""

import re

# In characters.
MAX_NICKNAME = 64
SHAPE = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_NICKNAME}}}")
HINT = f"Letters from a to z, digits, dots, dashes and underscores; at most {MAX_NICKNAME}."
LETTER_OR_DIGIT = re.compile(r"[A-Za-z0-9]")
# At the end of a name they could be taken for the end of a sentence that mentions another.
NOT_AT_ENDS = ".-"

# Names that would pass for the site itself, or for a page of it.
RESERVED = frozenset(
    "about abuse account admin administrator announcement anonymous api avatar avatars edit "
    "explore favicon.ico feed feeds followers following healthz help home home.atom hostmaster id "
    "index info invitation invitations invite join keeper login logout mail me members metrics "
    "microblog moderation moderator moderators new nobody notifications notifications.atom null "
    "openid owner post postmaster posts privacy profile provider readyz register robots.txt root "
    "search security self settings signin signout signup staff static support suspended sysadmin "
    "system tag tags team unsubscribe user users webmaster .well-known www xrds you".split()
)


def problem(name: str) -> str | None:
    """Return a sentence that says what is wrong with `name`, or None."""
    if not name:
        return "Please choose a name."
    if len(name) > MAX_NICKNAME:
        return f"Please use at most {MAX_NICKNAME} characters."
    if not SHAPE.fullmatch(name):
        return "Please use only letters from a to z, digits, dots, dashes and underscores."
    if not LETTER_OR_DIGIT.search(name):
        return "Please use at least one letter or digit."
    if name.strip(NOT_AT_ENDS) != name:
        return "Please begin and end with a letter, a digit or an underscore."
    if name.lower().endswith(".atom"):
        # The address of a feed: /user/<nickname>.atom
        return "Please choose a name that does not end in .atom."
    if is_reserved(name):
        return "This name is kept for the site itself. Please choose another one."
    return None


def is_reserved(name: str) -> bool:
    """Return whether `name` would pass for the site itself, whatever dots or dashes are in it."""
    return _letters(name) in _RESERVED_LETTERS


def cleaned(text: str | None) -> str | None:
    """Return what is usable of a name that a provider sent, or None when nothing is."""
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "_", (text or "").strip()).strip("_.-")[:MAX_NICKNAME]
    # Without the one ending there may be another, and a dot or dash before it.
    while (shorter := re.sub(r"(\.atom|[_.-])$", "", kept, flags=re.IGNORECASE)) != kept:
        kept = shorter
    return kept if LETTER_OR_DIGIT.search(kept) else None


def _letters(name: str) -> str:
    return re.sub(r"[_.-]", "", name).lower()


_RESERVED_LETTERS = frozenset(map(_letters, RESERVED))
