"""A site where people join, with a moderator and a member."""

import re
from html import unescape
from unittest import mock

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Invitation, User
from app.tests.support.base import Browser, JoinMixin
from app.tests.support.openid.signing_in import SecondProviderCase


class JoiningCase(JoinMixin, SecondProviderCase):
    """A site with ana, who moderates, and bob, who does not."""

    def setUp(self):
        super().setUp()
        self.ana = User.sign_up("https://ana.example.com/", "ana", None)
        with writing():
            self.ana.role = "moderator"
        self.bob = User.sign_up("https://bob.example.com/", "bob", None)

    def under(self, join: str):
        """Return a block in which JOIN is set like this."""
        return mock.patch.dict(self.app.config, JOIN=join)

    def foreign(self, name: str, browser: Browser | None = None) -> Browser:
        """Sign in with an OpenID from elsewhere."""
        return self.sign_in(f"{self.provider.origin}/id/{name}", browser)

    def users(self) -> set[str]:
        db.session.rollback()
        return set(db.session.scalars(sa.select(User.nickname))) - {"ana", "bob"}

    def by_invitation(self, inviter: User | None, role: str = "member") -> Browser:
        """Open a new invitation, in a new browser."""
        browser = self.browser()
        token = Invitation.make(inviter and inviter.id, role)
        browser.get(f"/join?invitation={token}")
        return browser


class InvitationCase(JoiningCase):
    settings = {"JOIN": "invite"}

    def link(self, browser: Browser) -> str:
        """Make an invitation in a member's browser, and give its link."""
        browser.get("/invitations")
        browser.submit(button="Make an invitation")
        return unescape(re.search(r"<code>(http[^<]+)</code>", browser.text)[1])

    def opened(self, link: str) -> Browser:
        browser = self.browser()
        browser.get(link)
        return browser

    def open_count(self) -> int:
        db.session.rollback()
        counted = sa.select(sa.func.count()).select_from(Invitation)
        return db.session.scalar(counted.where(Invitation.is_open()))
