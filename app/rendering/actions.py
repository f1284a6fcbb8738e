"""Lines of the moderators' log in words."""

from app.rendering import dates

WORDS = {
    "dismiss": "looked at reports and left all as it is",
    "hide": "hid a post of {who}",
    "delete": "deleted a post of {who}",
    "warn": "warned {who}",
    "suspend": "suspended {who} {until}",
    "lift": "took an earlier decision back",
    "uphold": "read an answer to a suspension and let it stand",
    "approve": "let in somebody who asked to join",
    "refuse": "did not let in somebody who asked to join",
}


def tell(action) -> str:
    """Return what was done, as it follows the name of who did it."""
    until = f"until {dates.absolute(action.until)}" if action.until else "for good"
    who = getattr(action, "nickname", None) or "a member"
    return WORDS[action.kind].format(who=who, until=until)


def meanwhile(action) -> str:
    """Return the sentence for whoever decided a moment too late."""
    return (
        f"{action.moderator_name} was quicker: they {tell(action)} ({action.reason}). "
        "Nothing of yours was done. Please look again."
    )
