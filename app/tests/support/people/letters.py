"""Letters to members, received by a real mail server."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from unittest import mock

from app.mail.letters import to_member
from app.tests.support.base import SITE
from app.tests.support.programs.mail import MAIL_SECONDS, MailBox, mail_server
from app.tests.support.programs.processes import wait_until

MARKER = "marker@example.com"


class LettersMixin:
    """A test with an application whose letters arrive; call receive_letters() in setUp()."""

    box: MailBox

    def receive_letters(self) -> None:
        self.box = mail_server(self)
        changes = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": self.box.port}
        self.enterContext(mock.patch.dict(self.app.config, changes))
        lane = self.app.extensions["mail"].members
        # Of other tests of this application, which had no server.
        lane.letters.clear()
        lane.not_before = 0.0
        # None of this test arrives in the next one.
        self.addCleanup(wait_until, lambda: not lane.letters, MAIL_SECONDS, "letters sent")
        if recovery := self.app.extensions.get("recovery"):
            # First of all, for only then they wait.
            self.addCleanup(wait_until, lambda: not recovery.asked, MAIL_SECONDS, "letters written")

    def letter(self, to: str) -> EmailMessage:
        """Return the next letter, which is to this address."""
        envelope = self.box.letters.get(timeout=MAIL_SECONDS)
        self.assertEqual(envelope.rcpt_tos, [to])
        return message_from_bytes(envelope.content, policy=policy.default)

    def text(self, to: str) -> str:
        return self.letter(to).get_content().replace("\r\n", "\n")

    def assert_no_letter(self) -> None:
        """Check that none was sent, by one that would have come after it."""
        to_member(MARKER, "marker", "text")
        self.letter(MARKER)


def path_in(text: str, origin: str = SITE) -> str:
    """Return the path of the one link of this site in a letter, its signature aside."""
    body = unescape(text.rpartition("\n-- \n")[0])
    [link] = re.findall(re.escape(origin) + r"(/\S+)", body)
    return link
