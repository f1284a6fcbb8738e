"""Which passwords an account may have: none that people, and so attackers, think of first."""

import threading
from urllib.parse import urlsplit

from flask import current_app
from zxcvbn import zxcvbn

from app.provider.passwords import hashing

MIN_LENGTH = 8
# Hashing takes time for its length, and nobody types more.
MAX_LENGTH = 1000
# A password that fewer tries find, in the order in which people choose them, is refused.
# That holds for each of the 11,611 most common ones of eight characters and more (OWASP
# ASVS 5, 6.2.4 and 6.2.12), which were found in breaches, and for what is made of them.
MIN_GUESSES = 10**6
# What is judged of a longer one. For more, crafted ones take seconds.
MAX_JUDGED = 24
MIN_WORD = 4

_ADVICE = "Please choose another one; a few words are easiest to remember."
OWN = f"Your name, your e-mail address and the name of this site are tried first. {_ADVICE}"
COMMON = f"This is, or is much like, one that many people use, so it is tried first. {_ADVICE}"
WORD = f"One word or name is quickly found. {_ADVICE}"
REPEATED = f"The same again and again is quickly found. {_ADVICE}"
IN_A_ROW = f"Letters, digits or keys in a row are quickly found. {_ADVICE}"
DATE = f"A date or year is quickly found. {_ADVICE}"
SIMPLE = f"This is quickly found. {_ADVICE}"

# The library keeps what is given as one's own in a variable that all threads share.
_one_at_a_time = threading.Lock()


def problem(password: str, *own: str | None) -> str | None:
    """Return in a sentence why `password` is refused, or None. Raises hashing.Busy.

    `own` is what is known of its owner: username and e-mail address.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"Please use from {MIN_LENGTH} to {MAX_LENGTH} characters."
    judged = password[:MAX_JUDGED]
    with hashing.turn(), _one_at_a_time:
        found = zxcvbn(judged, user_inputs=_own_words(own))
    return _reason(found["sequence"]) if found["guesses"] < MIN_GUESSES else None


def _own_words(own: tuple[str | None, ...]) -> list[str]:
    host = urlsplit(current_app.config["SITE_URL"]).hostname or ""
    # Each word makes a password that holds it weaker, so no short ones such as org or 127.
    name = current_app.config["SITE_NAME"]
    parts = [part for part in (*name.split(), *host.split(".")) if len(part) >= MIN_WORD]
    words = [name, host, *parts]
    for text in filter(None, own):
        words += [text, *text.split("@")]
    return [word[:MAX_JUDGED] for word in words if word]


def _reason(sequence: list[dict]) -> str:
    longest = max(sequence, key=lambda match: len(match["token"]))
    match longest:
        case {"dictionary_name": "user_inputs"}:
            return OWN
        case {"dictionary_name": "passwords"}:
            return COMMON
        case {"pattern": "dictionary"}:
            return WORD
        case {"pattern": "repeat"}:
            return REPEATED
        case {"pattern": "sequence" | "spatial"}:
            return IN_A_ROW
        case {"pattern": "date" | "regex"}:
            return DATE
    return SIMPLE
