"""Letters to anybody: whom they reach, and which of them give way when many wait."""

import os
from unittest import mock

from app.mail import letters
from app.mail.letters import letter
from app.mail.queue import MAX_LETTERS, MailQueue
from app.tests.failures.mail_backlog import RefusingMailBox
from app.tests.support.base import SITE
from app.tests.support.failures import MailCase
from app.tests.support.programs.mail import MailBox


class SelectiveMailBox(MailBox):
    """Knows nobody while it is refusing, and says so by name."""

    is_refusing = False

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if self.is_refusing:
            name = address.partition("@")[0]
            return f"550 <{address.upper()}>: {name} is nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class LetterTests(MailCase):
    def setUp(self):
        super().setUp()
        self.box = self.mail_server(SelectiveMailBox())
        self.app = self.failing_app(**{**self.mail, "ADMINS": ""})
        self.queue = self.app.extensions["mail"]
        self.addCleanup(self.queue.finish)

    def send(self, *to: str, subject: str = "Welcome", text: str = "Hello.\n") -> None:
        self.queue.send_later(letter(self.app.config, to, subject, text))

    def test_one_reaches_whom_it_is_for_and_says_that_no_person_wrote_it(self):
        self.send("susan@example.com", text="Good morning, Susan: täglich")
        envelope, arrived = self.letter(self.box)
        self.assertEqual(envelope.mail_from, "microblog@example.com")
        self.assertEqual(envelope.rcpt_tos, ["susan@example.com"])
        self.assertEqual(
            (arrived["To"], arrived["Subject"]),
            ("susan@example.com", "[microblog] Welcome"),
        )
        self.assertEqual(arrived["Auto-Submitted"], "auto-generated")
        self.assertEqual(arrived.get_content().strip(), "Good morning, Susan: täglich")

    def test_one_to_a_member_names_the_site_and_carries_further_headers(self):
        self.app.config["SITE_NAME"] = 'Tea, "Trains" & Maps'
        with self.app.app_context():
            letters.to_member(
                "susan@example.com", "News", "Hello Susan.\n", {"List-Unsubscribe": "<https://x/>"}
            )
        envelope, arrived = self.letter(self.box)
        self.assertEqual(envelope.rcpt_tos, ["susan@example.com"])
        sender = arrived["From"].addresses[0]
        self.assertEqual(sender.display_name, 'Tea, "Trains" & Maps')
        self.assertEqual(sender.addr_spec, "microblog@example.com")
        self.assertEqual(arrived["Subject"], '[Tea, "Trains" & Maps] News')
        self.assertEqual(arrived["List-Unsubscribe"], "<https://x/>")
        self.assertEqual(arrived["Auto-Submitted"], "auto-generated")
        self.assertEqual(arrived.get_content_type(), "text/plain")
        self.assertTrue(arrived["Date"] and arrived["Message-ID"])
        end = f'\n-- \nTea, "Trains" & Maps\n{SITE}/\n'
        self.assertEqual(arrived.get_content().replace("\r\n", "\n"), "Hello Susan.\n" + end)

    def test_nothing_in_an_address_makes_a_second_recipient(self):
        for address in (
            "susan@example.com,mallory@example.com",
            "mallory@example.com, susan@example.com",
            "<mallory@example.com> susan@example.com",
            "mallory@example.com;susan@example.com",
        ):
            with self.subTest(address):
                self.send(address)
                envelope, _ = self.letter(self.box)
                self.assertEqual(len(envelope.rcpt_tos), 1)
                self.assertTrue(envelope.rcpt_tos[0].endswith("@example.com"))
                self.assertNotIn("mallory@example.com", envelope.rcpt_tos)
                self.assertNotIn("susan@example.com", envelope.rcpt_tos)

    def test_what_is_no_address_is_a_line_in_the_log_and_no_failure(self):
        with self.app.app_context():
            for address in ("x@<", "x@[", "x@", "@", "susan@exa mple.com", "a\nb@example.com"):
                letters.to_member(address, "Hello", "text")
        self.assertEqual(len(self.entries("for want of an address: Hello", 6)), 6)
        self.assertEqual(len(self.queue.members.letters), 0)

    def test_a_line_break_makes_no_letter(self):
        for to, subject in (
            ("susan@example.com\nBcc: mallory@example.com", "Welcome"),
            ("susan@example.com", "Welcome\r\nBcc: mallory@example.com"),
        ):
            with self.subTest(to=to, subject=subject):
                with self.assertRaises(ValueError):
                    self.send(to, subject=subject)

    def test_one_that_is_refused_for_good_goes_and_the_others_arrive(self):
        self.box.is_refusing = True
        self.send("nobody@example.com")
        self.assertRegex(self.entries("refused for good")[0], r"550.*: \[microblog\] Welcome")
        self.assertEqual(len(self.queue.members.letters), 0)
        self.box.is_refusing = False
        self.send("susan@example.com")
        self.assertEqual(self.letter(self.box)[0].rcpt_tos, ["susan@example.com"])

    def test_an_address_that_the_server_cannot_take_keeps_nobody_waiting(self):
        # Without SMTPUTF8.
        box = self.mail_server(SelectiveMailBox(), enable_SMTPUTF8=False)
        self.app.config["MAIL_PORT"] = box.port
        self.send("süsan@example.com")
        self.assertNotIn("süsan", self.entries("refused for good")[0])
        self.send("susan@example.com")
        self.assertEqual(self.letter(box)[0].rcpt_tos, ["susan@example.com"])

    def test_the_log_never_names_whom_it_was_for(self):
        self.box.is_refusing = True
        self.send("susan@example.com")
        self.assertRegex(self.entries("mail was not sent")[0], r"550.*: \[microblog\] Welcome")
        self.queue.finish()
        self.send("susan@example.com", subject="Too late")
        self.assertIn("Too late", self.entries("before the end of the process")[0])
        self.assertNotIn("susan", "\n".join(self.log()).lower())

    def mail_server_is_down(self) -> None:
        self.app.config["MAIL_PORT"] = 1

    def test_a_process_that_is_forked_leaves_them_to_the_one_that_has_them(self):
        self.mail_server_is_down()
        self.send("susan@example.com")
        self.entries("mail was not sent")
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            # It ends here whatever happens, for all the rest belongs to the other.
            try:
                state = (
                    len(self.queue.members.letters),
                    self.queue.thread,
                    self.queue.bell.acquire(False),
                )
                os.write(writing, repr(state).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.assertEqual(os.read(reading, 100), b"(0, None, True)")
        self.assertEqual(len(self.queue.members.letters), 1)


class CrowdedQueueTests(MailCase):
    """Many letters to others, and a failure; the thread's work is done here step by step."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(MailQueue, "_start"))
        self.box = self.mail_server(RefusingMailBox())
        self.box.refused = []
        self.app = self.failing_app(**self.mail, FAILURE_MAILS_PER_HOUR=10_000)
        self.queue = self.app.extensions["mail"]

    def fill(self, count: int) -> None:
        for number in range(count):
            to = [f"member{number}@example.com"]
            self.queue.send_later(letter(self.app.config, to, f"News {number}", "text"))

    def subjects(self) -> list[str]:
        return [self.letter(self.box)[1]["Subject"] for _ in range(self.box.letters.qsize())]

    def test_so_many_wait_and_the_log_tells_of_those_that_find_no_place(self):
        self.fill(MAX_LETTERS + 3)
        self.assertEqual(len(self.queue.members.letters), MAX_LETTERS)
        lines = self.entries("too many wait already: [microblog] News", 3)
        self.assertEqual(len(lines), 3)

    def test_a_failure_finds_a_place_and_goes_before_all_others(self):
        self.fill(MAX_LETTERS + 1)
        reference = self.meet_failure(self.app)
        self.queue._do_round()
        subjects = self.subjects()
        self.assertIn(reference, subjects[0])
        self.assertEqual(
            subjects[1:], [f"[microblog] News {number}" for number in range(MAX_LETTERS)]
        )

    def test_failures_that_the_server_does_not_take_let_others_through(self):
        self.box.refused = ["ZeroDivisionError"]
        self.fill(2)
        self.meet_failure(self.app)
        self.queue._do_round()
        self.assertEqual(self.subjects(), ["[microblog] News 0", "[microblog] News 1"])
        self.assertEqual(len(self.queue.first.letters), 1)

    def test_letters_to_members_never_keep_a_failure_waiting(self):
        for number, reply in enumerate(("421 closing", "451 not now", "554 never")):
            with self.subTest(reply):
                self.box.refused, self.box.reply = ["News"], reply
                self.fill(2)
                self.queue._do_round()
                self.assertEqual(self.subjects(), [])
                reference = self.meet_failure(self.app, f"/kind/{number}")
                self.queue._do_round()
                self.assertIn(reference, self.subjects()[0])
                self.queue.members.letters.clear()

    def test_one_that_was_told_of_at_the_end_is_not_told_of_again(self):
        # Whoever ends does not wait for a server that is slow, whose answer comes then.
        self.fill(1)
        lane, waiting = self.queue._next()
        self.queue._log_unsent()
        self.queue._keep(lane, waiting, OSError("too late"))
        self.queue._log_unsent()
        self.assertEqual(len(self.entries("News 0")), 1)

    def test_failures_that_fill_their_places_leave_others_theirs(self):
        for number in range(MAX_LETTERS + 1):
            failure = letter(self.app.config, ["admin@example.com"], f"Failure {number}", "text")
            self.queue.send_later(failure, goes_first=True)
        self.fill(MAX_LETTERS)
        waiting = (len(self.queue.first.letters), len(self.queue.members.letters))
        self.assertEqual(waiting, (MAX_LETTERS, MAX_LETTERS))
        self.assertEqual(len(self.entries("too many wait already")), 1)
