"""Notifications in words, the same on the page, in the feed and in letters."""

from app.queries.notifications import Line
from app.rendering.jinja import browser_name

# Of what people did, behind their names: of one, and of several.
DEEDS = {
    "reply": ("replied to you", ""),
    "mention": ("mentioned you", ""),
    "conversation": ("replied in a conversation that you follow", ""),
    "follow": ("follows you", "follow you"),
    "invitation": ("joined by your invitation", "joined by your invitations"),
}
OPENID = (
    "An OpenID was added to yours. If that was not you, remove it, "
    "and sign out everywhere, under “Account and sign-in” in your settings."
)
SIGN_IN = (
    "You signed in with {}, where you had not signed in before. If that was not you, "
    "sign out everywhere, under “Account and sign-in” in your settings."
)


def deed(line: Line) -> str:
    """Return what the people of a line did, to stand behind their names."""
    return DEEDS[line.kind][len(line.people) > 1]


def others(line: Line) -> str:
    """Return how many did so beside the one who is named."""
    count = len(line.people) - 1
    return f" and {count} other{'' if count == 1 else 's'}" if count else ""


def told(line: Line) -> str:
    """Return what the site tells by itself, in a sentence."""
    if line.kind == "sign-in":
        return SIGN_IN.format(browser_name(line.text))
    return OPENID if line.kind == "openid" else line.text


def sentence(line: Line) -> str:
    """Return all that a line tells, but for what a post says."""
    return f"{line.people[0]}{others(line)} {deed(line)}" if line.people else told(line)
