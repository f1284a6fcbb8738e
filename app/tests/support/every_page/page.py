"""One page in the list of all."""

from typing import NamedTuple


class SitePage(NamedTuple):
    """How to get to a page: open `path`, follow `link`, then send the form with these fields."""

    name: str
    path: str
    # A visitor; a newcomer, whose provider sent no name; somebody invited; two who have asked to
    # join, waiting and refused; miguel, a member in every way; or quiet, a member with little
    # to read, so that a browser is quick to look at it; a moderator, and the chief, about whom
    # there is a report; somebody suspended who has proved an OpenID; ranger, a moderator with
    # an account here and no other way in; or guarded, whose account asks for codes.
    reader: str = "visitor"
    status: int = 200
    # How the link's text begins.
    link: str = ""
    typed: dict[str, str] = {}
    button: str = ""
    # Where the form is sent, if not where it says.
    action: str = ""
    # Settings that are other than usual on this page.
    changes: dict[str, str] = {}

    @property
    def is_sent(self) -> bool:
        """Return whether it is the answer to a form."""
        return bool(self.typed or self.button)
