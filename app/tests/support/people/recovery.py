"""miguel, who forgot a password, and the letters that help."""

import contextlib
import threading
from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import MailedLink, User
from app.provider import recovery
from app.tests.support.base import PASSWORD, Browser, JoinMixin, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.people.letters import LettersMixin, path_in
from app.tests.support.programs.mail import MAIL_SECONDS
from app.tests.support.programs.processes import wait_until

NEW_PASSWORD = "purple monkey dishwasher"


class RecoveryCase(LettersMixin, JoinMixin, PeopleTestCase):
    """miguel has an account of this site, and a confirmed address; nobody waits for letters."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(recovery, "DELAY_SECONDS", 0.0))
        self.receive_letters()
        self.miguel = self.join("miguel")
        self.confirm("miguel", "miguel@example.com")
        self.clock = Clock(self)

    def confirm(self, nickname: str, address: str) -> None:
        MailedLink.confirm(MailedLink.to_confirm(User.find(nickname).id, address))

    def ask(self, typed: str, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser()
        browser.get("/openid/forgotten")
        browser.submit(account=typed)
        return browser

    def link(self, typed: str = "miguel", address: str = "miguel@example.com") -> str:
        """Ask for a letter, and return the path in it."""
        self.ask(typed)
        return path_in(self.text(address))

    def choose(self, path: str, browser: Browser | None = None) -> Browser:
        """Open a link and choose a new password, as far as that is possible."""
        browser = browser or self.browser()
        browser.get(path)
        if browser.status == 200:
            browser.submit(password=NEW_PASSWORD)
        return browser

    def assert_nothing_comes(self) -> None:
        """Check that no letter was sent, by one that would have come after it."""
        asked = self.app.extensions["recovery"].asked
        wait_until(lambda: not asked, MAIL_SECONDS, "all letters written")
        self.assert_no_letter()

    def own_sign_in(self, password: str = PASSWORD) -> Browser:
        browser = self.browser()
        browser.get("/login")
        browser.submit(username="miguel", password=password)
        return browser

    def signs_in(self, password: str) -> bool:
        return self.own_sign_in(password).page.heading == "Hi, miguel!"

    @contextlib.contextmanager
    def noted(self, statements: list[str]):
        """Note what this thread asks the database for."""

        def note(connection, cursor, statement, *rest):
            if threading.get_ident() == here:
                statements.append(statement)

        engine, here = db.engine, threading.get_ident()
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
