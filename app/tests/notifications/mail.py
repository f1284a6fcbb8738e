"""Letters about notifications, as a real mail server receives them."""

import re
from unittest import mock

from app.database import writing
from app.models import ConfirmedEmail, MailChoice, Notification, Post
from app.models.notifications import mail
from app.rendering.letters import MAX_LINES
from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin
from app.tests.support.clock import Clock
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.letters import LettersMixin
from app.tests.support.people.notifications import NotificationCase
from app.tests.support.programs.mail import MailBox, mail_server

JOHN = "john@example.com"
BUTTONS = {"daily": "One letter a day", "at once": "A letter soon", "off": "No letters"}


class LetterCase(LettersMixin, ConcurrencyCase, NotificationCase):
    """With john, who has confirmed his address."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.receive_letters()
        with writing() as session:
            session.add(ConfirmedEmail(user_id=self.john.id, address=JOHN))

    def choose(self, pace: str) -> None:
        browser = self.browser(self.john)
        browser.get("/settings/notifications")
        browser.submit(button=BUTTONS[pace])
        self.assertEqual(browser.page.statuses, ["Your choice is saved."])
        # What happened before is not written about.
        self.clock.move(seconds=1)

    def send(self) -> str:
        result = self.run_command("notifications", "send")
        self.assertEqual(result.exit_code, 0, result.output)
        return result.output.strip()

    def sent(self) -> int:
        """Send what waits, and return how many letters came."""
        self.send()
        return len(self.box.taken())


class NotificationLetterTests(LetterCase):
    def test_it_says_who_did_what_and_where_but_not_what_they_wrote(self):
        self.susan.write("@john before he asked")
        self.clock.move(seconds=1)
        self.choose("at once")
        post = self.susan.write("@john my secret")
        self.mary.follow(self.john)
        self.assertEqual(self.send(), "Letters sent: 1.")
        letter = self.letter(JOHN)
        self.assertEqual(letter["Subject"], "[microblog] 2 new notifications")
        self.assertEqual(letter["Auto-Submitted"], "auto-generated")
        text = letter.get_content().replace("\r\n", "\n")
        told = f"- mary follows you\n- susan mentioned you\n  {SITE}/post/{post.id}\n"
        self.assertIn(f"Hello john,\n\n{told}\nAll of it: {SITE}/notifications\n", text)
        self.assertNotIn("secret", letter.as_string())
        self.assertEqual(letter["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        [end] = re.findall("<(.*)>", letter["List-Unsubscribe"])
        self.assertIn(end, text)
        self.assertTrue(end.startswith(f"{SITE}/unsubscribe?token="))

    def test_nobody_gets_one_who_has_not_asked_for_it(self):
        self.susan.write("@john hello")
        self.assertEqual(self.sent(), 0)
        self.choose("daily")
        self.choose("off")
        self.susan.write("@john hello")
        self.assertEqual(self.sent(), 0)

    def test_what_was_read_or_told_or_is_gone_is_not_told(self):
        self.choose("at once")
        self.susan.write("@john one")
        self.read_all(self.john)
        Post.delete(self.susan.write("@john two").id, self.susan.id)
        self.assertEqual(self.sent(), 0)
        self.susan.write("@john three")
        self.assertEqual((self.sent(), self.sent()), (1, 0))

    def test_a_day_has_one_letter_or_ten(self):
        for pace, bound in mail.MAX_LETTERS.items():
            self.choose(pace)
            self.clock.move(days=2)
            count = 0
            for number in range(bound + 3):
                self.susan.write(f"@john {pace} {number}")
                self.clock.move(minutes=5)
                count += self.sent()
            self.assertEqual(count, bound)
            # The rest comes with the next day's.
            self.clock.move(hours=24)
            self.assertEqual(self.sent(), 1)

    def test_changing_the_pace_does_not_begin_a_new_day(self):
        self.choose("daily")
        self.susan.write("@john one")
        self.assertEqual(self.sent(), 1)
        self.choose("off")
        self.choose("daily")
        self.clock.move(seconds=1)
        self.susan.write("@john two")
        self.assertEqual(self.sent(), 0)

    def test_it_has_fifty_lines_at_most_and_the_rest_comes_in_no_other(self):
        self.choose("at once")
        for author in (self.susan, self.mary, self.max):
            for number in range(19):
                author.write(f"@john {number}")
        self.send()
        text = self.text(JOHN)
        self.assertEqual(text.count("mentioned you"), MAX_LINES)
        self.assertIn("- and 7 more\n", text)
        self.assertEqual(self.sent(), 0)

    def test_only_a_confirmed_address_is_written_to(self):
        self.choose("at once")
        self.susan.write("@john one")
        with writing() as session:
            ConfirmedEmail.forget(session, self.john.id)
        self.assertEqual(self.sent(), 0)
        browser = self.browser(self.john)
        browser.get("/settings/notifications")
        self.assertNotIn("One letter a day", browser.text)
        sent = {"pace": "daily", "csrf_token": browser.token()}
        browser.post("/settings/notifications/mail", sent)
        self.assertEqual(browser.page.alerts, ["Please confirm your mail address first."])
        self.assertEqual(MailChoice.of(self.john.id), "at once")
        with writing() as session:
            session.add(ConfirmedEmail(user_id=self.john.id, address="new@example.com"))
        self.send()
        self.letter("new@example.com")

    def test_a_server_that_is_away_costs_nothing(self):
        self.choose("daily")
        self.susan.write("@john one")
        with mock.patch.dict(self.app.config, MAIL_PORT=1):
            result = self.run_command("notifications", "send")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("ConnectionRefusedError", result.output)
        self.assertNotIn(JOHN, result.output)
        self.assertEqual(self.sent(), 1)


class OwnLetterTests(JoinMixin, LetterCase):
    """What a user has a letter about by itself, so that no other tells of it once more."""

    def setUp(self):
        super().setUp()
        self.second = self.account("second")
        self.own = self.account("john")
        self.john.add_identity(self.own)
        self.choose("at once")

    def account(self, username: str) -> str:
        browser = self.browser()
        browser.get("/openid/join")
        browser.submit(username=username, password=PASSWORD)
        return f"{SITE}/id/{username}"

    def sign_in(self) -> Browser:
        browser = self.browser()
        browser.get("/login")
        browser.ask_own_provider()
        browser.submit(username="john", password=PASSWORD)
        self.assertEqual(browser.page.heading, "Hi, john!")
        return browser

    def test_news_of_the_ways_in_comes_once(self):
        browser = self.sign_in()
        self.assertIn("A sign-in from a new browser", self.letter(JOHN)["Subject"])
        browser.get("/settings/account")
        browser.submit(openid=self.second)
        browser.submit(username="second", password=PASSWORD)
        self.assertIn("An OpenID was added", self.letter(JOHN)["Subject"])
        # Both stand on the page, and neither in a letter once more.
        self.assertEqual(self.unread(self.john), 3)
        self.assertEqual(self.send(), "Letters sent: 0.")
        self.susan.write("@john hello")
        self.assertEqual(self.send(), "Letters sent: 1.")
        self.assertEqual(self.letter(JOHN)["Subject"], "[microblog] 1 new notification")

    def test_who_wants_none_of_browsers_gets_none(self):
        browser = self.browser(self.john)
        browser.get("/settings/account")
        browser.post("/settings/account/email/letters", {"csrf_token": browser.token()})
        self.sign_in()
        self.assertEqual(self.send(), "Letters sent: 0.")
        self.assert_no_letter()


class Refusing(MailBox):
    """Answers letters with `answer`, and then does nothing else."""

    answer = "451 not now"

    async def handle_DATA(self, server, session, envelope) -> str:
        self.letters.put(envelope)
        return self.answer


class Hanging(MailBox):
    """Takes a letter and hangs up without a word."""

    async def handle_DATA(self, server, session, envelope) -> str:
        self.letters.put(envelope)
        server.transport.close()
        return "250 OK"


class UncertainLetterTests(LetterCase):
    def try_with(self, box: MailBox) -> MailBox:
        mail_server(self, box)
        self.choose("at once")
        self.susan.write("@john one")
        with mock.patch.dict(self.app.config, MAIL_PORT=box.port):
            self.run_command("notifications", "send")
        self.assertEqual(len(box.taken()), 1)
        return box

    def test_one_that_is_refused_for_now_is_tried_again(self):
        self.try_with(Refusing())
        self.assertEqual(self.sent(), 1)

    def test_one_that_is_refused_for_good_is_not(self):
        box = Refusing()
        box.answer = "550 never"
        with self.assertLogs(self.app.logger, "WARNING") as logged:
            self.try_with(box)
        self.assertNotIn(JOHN, "".join(logged.output))
        self.assertEqual(self.sent(), 0)

    def test_one_of_which_nobody_knows_is_not_sent_twice(self):
        self.try_with(Hanging())
        self.assertEqual(self.sent(), 0)

    def test_several_who_send_at_once_send_each_letter_once(self):
        self.choose("at once")
        self.susan.write("@john one")
        john_id = self.john.id
        claims = self.at_once([lambda: mail.claim(john_id)] * 20)
        self.assertEqual(len([claim for claim in claims if claim]), 1)
        # Whoever was killed after that leaves nothing to send again.
        self.assertEqual(self.sent(), 0)


class UnsubscribingTests(LetterCase):
    def address(self) -> str:
        self.choose("at once")
        self.susan.write("@john one")
        self.send()
        return re.findall(f"<{SITE}(.*)>", self.letter(JOHN)["List-Unsubscribe"])[0]

    def test_one_click_ends_them_and_looking_does_not(self):
        address = self.address()
        visitor = self.browser()
        for _ in range(2):
            visitor.get(address)
            self.assertEqual(visitor.status, 200)
        visitor._open("HEAD", address, follow=False)
        self.assertEqual(MailChoice.of(self.john.id), "at once")
        # As a mail program does: no cookie, no token of a form, this body (RFC 8058, 3.2).
        for _ in range(2):
            program = self.app.test_client()
            answer = program.post(address, data={"List-Unsubscribe": "One-Click"}, base_url=SITE)
            self.assertEqual(answer.status_code, 200)
        self.assertIsNone(MailChoice.of(self.john.id))
        self.susan.write("@john two")
        self.assertEqual(self.sent(), 0)

    def test_the_button_of_its_page_does_too(self):
        address = self.address()
        visitor = self.browser()
        visitor.get(address)
        visitor.submit(button="Send me no more letters")
        self.assertEqual(visitor.page.heading, "No more letters")
        self.assertIsNone(MailChoice.of(self.john.id))

    def test_nobody_ends_those_of_others(self):
        token = mail.unsubscribing_token(self.john.id)
        self.choose("daily")
        proof = token.partition("-")[2]
        visitor = self.browser()
        for wrong in ("", "-", proof, f"{self.john.id}-", f"{self.john.id}-{proof[:-1]}x"):
            visitor.get(f"/unsubscribe?token={wrong}")
            self.assertEqual(visitor.status, 404)
            self.assertEqual(visitor.post(f"/unsubscribe?token={wrong}").status_code, 404)
        visitor.post(f"/unsubscribe?token={self.susan.id}-{proof}")
        self.assertEqual(MailChoice.of(self.john.id), "daily")
        self.assertEqual(self.count(Notification), 0)
