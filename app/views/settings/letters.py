"""Letters to a user about the ways in: what was changed, and where to look if it was not them."""

from flask import request, url_for

from app.mail.letters import to_member
from app.models import User
from app.models.emails.confirmed import ConfirmedEmail, tell
from app.rendering.jinja import browser_name
from app.web.origin import own_url


def confirm_email(user: User, address: str, token: str) -> None:
    """Send a link that confirms an address; it opens a page with a button."""
    link = own_url(url_for("email.confirm", token=token))
    text = (
        f"Somebody, most likely you, wants letters to {user.nickname} to come to this address. "
        f"If that is right, open this page within an hour and press its button:\n\n{link}\n\n"
        "If it was not you, do nothing, and no more letters will come."
    )
    to_member(address, "Please confirm your e-mail address", text)


def email_changed(nickname: str, before: str, after: str | None) -> None:
    """Write to both addresses that letters go to another from now on, or to none."""
    now = f"go to {after}" if after else "go nowhere any more"
    for address in filter(None, (before, after)):
        text = f"Letters to {nickname} {now}. {_not_you()}"
        to_member(address, "Your e-mail address was changed", text)


def openid_added(user: User, identifier: str) -> None:
    """Write to a user of another OpenID that signs them in."""
    text = f"From now on you can sign in as {user.nickname} with {identifier} too. {_not_you()}"
    tell(user.id, "An OpenID was added", text)


def new_browser(user: User) -> None:
    """Write to a user, who may not want to know, of a sign-in from a browser not seen before."""
    email = ConfirmedEmail.of(user.id)
    if email and email.tells_of_browsers:
        browser = browser_name(request.user_agent.string)
        text = (
            f"Somebody signed in as {user.nickname} just now, from a browser that was new to this "
            f"site: {browser}. If it was you, all is well. {_not_you()}"
        )
        tell(user.id, "A sign-in from a new browser", text)


def _not_you() -> str:
    page = own_url(url_for("account.index"))
    return (
        f"\n\nIf it was not you, look at once how you sign in, and sign out everywhere:\n\n{page}"
    )
