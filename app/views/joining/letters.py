"""Letters to newcomers: how their application was answered.

Their address is what their provider said, and confirmed by nobody.
"""

from flask import url_for

from app.mail.letters import to_member
from app.web.origin import own_url

AT_THE_SITE = """\
You are getting this because somebody who asked to join there gave your address. If that was
not you, you need not do anything.
"""


def let_in(email: str | None, nickname: str) -> None:
    """Write to a newcomer, who may have no address, that they may come in."""
    if email:
        text = (
            f"A moderator has let you in, as {nickname}. "
            "Sign in with the same OpenID as before:\n\n"
            f"{own_url(url_for('auth.login'))}\n\n{AT_THE_SITE}"
        )
        to_member(email, "You have been let in", text)


def refused(email: str | None, nickname: str, sentence: str) -> None:
    """Write to a newcomer, who may have no address, what a moderator answered."""
    if email:
        text = (
            f"You asked to join as {nickname}. A moderator has read why, and answers:\n\n"
            f"{sentence}\n\n{AT_THE_SITE}"
        )
        to_member(email, "An answer to your wish to join", text)
