"""Somebody who wants to be another, and what must not change while they try."""

from collections.abc import Iterator

import sqlalchemy as sa

from app import db
from app.models import ConfirmedEmail, Identity, User
from app.provider.models import Account
from app.tests.support.base import SITE, Browser, folder
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.recovery import RecoveryCase

EVIL = "evil plans of mallory"
FOREIGN = {"Origin": "http://evil.example", "Referer": "http://evil.example/"}


class RecoveryTakeoverCase(ConcurrencyCase, RecoveryCase):
    """mallory, who has an account and an address of her own, wants to be miguel.

    An attempt yields when its scene is set: from then on nothing of miguel's may change.
    """

    def setUp(self):
        super().setUp()
        self.mallory = self.join("mallory")
        self.confirm("mallory", "mallory@example.com")
        self.tokens: set[str] = set()

    def assert_none_gets_in(self, at_least: int) -> None:
        """Make each attempt of the class, of which there are so many."""
        attempts = [getattr(self, name) for name in dir(self) if name.startswith("by_")]
        self.assertGreaterEqual(len(attempts), at_least)
        for attempt in attempts:
            with self.subTest(attempt.__name__):
                self.doCleanups()
                self.setUp()
                steps: Iterator = attempt()
                next(steps)
                before = self.state()
                self.assertIsNone(next(steps, None))
                self.assertEqual(self.state(), before)
                self.assert_not_in()
                self.assert_nothing_leaked()

    def state(self) -> tuple:
        db.session.rollback()
        account = db.session.scalar(sa.select(Account).where(Account.username_key == "miguel"))
        user = User.find("miguel")
        return (
            account and (account.password_hash, account.deleted),
            user and (user.email, sorted(user.identifiers())),
            [email.address for email in db.session.scalars(sa.select(ConfirmedEmail))]
            if user is None
            else getattr(ConfirmedEmail.of(user.id), "address", None),
            self.count(User),
            self.count(Identity),
        )

    def assert_not_in(self) -> None:
        self.assertNotEqual(self.own_sign_in(EVIL).page.heading, "Hi, miguel!")
        self.mallory.get(SITE + "/")
        self.assertNotEqual(self.mallory.page.heading, "Hi, miguel!")

    def assert_nothing_leaked(self) -> None:
        log = (folder() / "test.log").read_text() if (folder() / "test.log").exists() else ""
        for token in self.tokens:
            self.assertNotIn(token, log)

    def token(self, path: str) -> str:
        token = path.partition("token=")[2]
        self.assertRegex(token, "^[A-Za-z0-9_-]{22}$")
        self.tokens.add(token)
        return token

    def link(self, typed: str = "miguel", address: str = "miguel@example.com") -> str:
        path = super().link(typed, address)
        self.token(path)
        return path

    def evil(self, path: str, browser: Browser | None = None, **more) -> Browser:
        """Open a link, and send what its page would, whatever the page says."""
        browser = browser or self.browser()
        browser.get(path)
        if not browser.page.forms:
            browser.get("/login")
        form = {"csrf_token": browser.token(), "password": EVIL, "username": "miguel", **more}
        browser.post(path, form)
        return browser
