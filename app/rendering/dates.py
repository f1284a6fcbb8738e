"""Points in time, for people and for machines."""

from datetime import datetime

from markupsafe import Markup

from app.database.instants import MONTHS, absolute


def relative(instant: datetime, now: datetime) -> str:
    """Return how long before `now` it was, in words; after a week, on which day."""
    seconds = int((now - instant).total_seconds())
    if seconds < 60:
        return "just now"
    for unit, length, end in (("minute", 60, 3600), ("hour", 3600, 86400), ("day", 86400, 604800)):
        if seconds < end:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return day(instant)


def day(instant: datetime) -> str:
    """Return the day on which it was, in words."""
    return f"{instant.day} {MONTHS[instant.month - 1]} {instant.year}"


def html(instant: datetime, told: str | None = None, classes: str = "") -> Markup:
    """Return a `<time>` that says when it was: absolute, or as it is `told`, such as relative.

    What it is told and the `classes` are our own words: nothing here needs to be escaped.
    """
    # Otherwise a narrow screen leaves the last word alone on a line.
    full = absolute(instant).replace(" UTC", "\N{NO-BREAK SPACE}UTC")
    extra = f' class="{classes}"' if classes else ""
    machine = instant.isoformat(timespec="seconds")
    if told is None:
        return Markup(f'<time datetime="{machine}"{extra}>{full}</time>')
    return Markup(f'<time datetime="{machine}"{extra} title="{full}">{told}</time>')
