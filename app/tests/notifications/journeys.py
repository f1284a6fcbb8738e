"""Hearing of each other in a real browser with scripts off, by feed and by mail."""

import re
import unittest
from email import message_from_bytes, policy
from unittest import mock
from urllib.request import Request, urlopen

import feedparser

from app import db
from app.database import writing
from app.models import ConfirmedEmail, MailChoice, User
from app.tests.support.programs.chromium import PAGE_SECONDS
from app.tests.support.programs.journeys import SiteJourneyCase
from app.tests.support.programs.mail import MAIL_SECONDS, mail_server
from app.tests.support.programs.processes import wait_until


class HearingJourneyTests(SiteJourneyCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.box = mail_server(self)
        mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": self.box.port}
        self.enterContext(mock.patch.dict(self.site.app.config, mail))

    def write(self, body: str) -> None:
        self.open("/")
        self.chromium.fill(post=body)
        self.chromium.press("Post")

    def lines(self) -> list[str]:
        return self.chromium.texts("main li p:first-child")

    def send_letters(self) -> None:
        # In a context of its own, as a command gives its session back when it ends.
        with self.site.app.app_context():
            sent = self.site.app.test_cli_runner().invoke(args=["notifications", "send"])
        self.assertEqual(sent.exit_code, 0, sent.output)

    def test_one_stops_a_conversation_reads_by_feed_and_ends_letters_with_one_click(self):
        john, susan = (
            User.sign_up(f"https://{name}.example.com/", name, None) for name in ("john", "susan")
        )
        with writing() as session:
            session.add(ConfirmedEmail(user_id=john.id, address="john@example.com"))

        # Who is mentioned reads it, with the focus on what is new, and stops it.
        self.be(susan)
        self.write("Is @john about?")
        self.be(john)
        self.open("/")
        self.chromium.follow("You have 1 unread")
        self.assertEqual(self.lines(), ["New: susan mentioned you: Is @john about?"])
        driver = self.chromium.driver
        wait_until(lambda: driver.switch_to.active_element.tag_name == "li", PAGE_SECONDS, "focus")
        self.chromium.press("Stop notifications of this conversation")
        self.assertEqual(self.lines(), ["susan mentioned you: Is @john about?"])
        self.assertIn("Notifications", self.chromium.texts("nav a"))
        first = susan.posts.select().order_by(db.text("id DESC"))
        susan.write("@john, hello?", db.session.scalars(first).first().id)
        self.open("/notifications")
        self.assertEqual(len(self.lines()), 1)

        # A feed reader, and letters.
        self.chromium.follow("Hear of it by feed or by mail")
        self.chromium.press("Make the addresses")
        addresses = self.chromium.texts("section code")
        self.chromium.press("A letter soon")
        self.assertEqual(self.chromium.texts("[role=status]"), ["Your choice is saved."])
        self.be(susan)
        self.write("Tea, @john?")
        feed = feedparser.parse(addresses[0])
        self.assertEqual(
            [entry.summary for entry in feed.entries], ["Tea, @john?", "Is @john about?"]
        )
        self.assertEqual(feed.headers["cache-control"], "private, max-age=60")
        self.assertEqual(feedparser.parse(addresses[1]).entries, [])

        # One click of a mail program, which knows no cookie.
        self.send_letters()
        envelope = self.box.letters.get(timeout=MAIL_SECONDS)
        self.assertEqual(envelope.rcpt_tos, ["john@example.com"])
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.assertIn("- susan mentioned you", letter.get_content())
        [end] = re.findall("<(.*)>", letter["List-Unsubscribe"])
        urlopen(end).close()
        self.assertEqual(MailChoice.of(john.id), "at once")
        urlopen(Request(end, b"List-Unsubscribe=One-Click")).close()
        db.session.rollback()
        self.assertIsNone(MailChoice.of(john.id))
        susan.write("@john, more tea?")
        self.send_letters()
        self.assertTrue(self.box.letters.empty())
