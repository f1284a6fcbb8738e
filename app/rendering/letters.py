"""Letters about notifications, in words."""

from app.queries.notifications import Line
from app.rendering.notifications import sentence

# Of a letter; what else is new stands on the page.
MAX_LINES = 50
# What people and moderators wrote is not sent around: it may be taken back.
DECISION = "A moderator has decided something that you should know of."


def subject(lines: list[Line]) -> str:
    """Return what a letter about these lines is called."""
    return "1 new notification" if len(lines) == 1 else f"{len(lines)} new notifications"


def text(nickname: str, lines: list[Line], site: str, end: str) -> str:
    """Return what a letter about these lines says: who did what, and where to read it.

    `site` is the site's address, and `end` the one that ends these letters.
    """
    told = []
    for line in lines[:MAX_LINES]:
        told.append(f"- {DECISION if line.kind == 'decision' else sentence(line)}")
        if line.post_id:
            told.append(f"  {site}/post/{line.post_id}")
    if len(lines) > MAX_LINES:
        told.append(f"- and {len(lines) - MAX_LINES} more")
    return "\n".join(
        [
            f"Hello {nickname},",
            "",
            *told,
            "",
            f"All of it: {site}/notifications",
            "",
            f"You asked for these letters. To get no more of them: {end}",
        ]
    )
