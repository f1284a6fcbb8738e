"""Failure mail while the mail server refuses it, or more fails than can be told: its bounds."""

from unittest import mock

from app.failures import mailer
from app.failures.mailer import MAX_KINDS, MAX_REFERENCES, FailureMail
from app.mail import queue
from app.mail.queue import MAX_ATTEMPTS, MAX_LETTERS, MAX_PAUSE, MailQueue
from app.tests.support.clock import MonotonicClock
from app.tests.support.failures import MailCase
from app.tests.support.programs.mail import MailBox

RETRY_SECONDS = 60


class RefusingMailBox(MailBox):
    """Takes no letter that has one of `refused` in it, but says `reply` to it."""

    def __init__(self, reply: str = "451 not now"):
        super().__init__()
        self.refused = ["[microblog]"]
        self.reply = reply
        self.tries = 0

    async def handle_DATA(self, server, session, envelope) -> str:
        self.tries += 1
        if any(word.encode() in envelope.content for word in self.refused):
            return self.reply
        return await super().handle_DATA(server, session, envelope)


class BacklogTests(MailCase):
    """The mail thread's work, done here step by step under a clock that the test moves."""

    def setUp(self):
        super().setUp()
        self.clock = MonotonicClock(self, queue)
        self.enterContext(mock.patch.object(MailQueue, "_start"))
        self.box = self.mail_server(RefusingMailBox())
        self.app = self.failing_app(
            **self.mail,
            MAIL_RETRY_SECONDS=RETRY_SECONDS,
            FAILURE_MAILS_PER_HOUR=10_000,
        )
        self.queue = self.app.extensions["mail"]
        self.handler = next(h for h in self.app.logger.handlers if isinstance(h, FailureMail))

    def fail_at(self, kind: int) -> None:
        with self.app.test_request_context("/"):
            try:
                exec(compile("\n" * kind + "1 / 0", mailer.__file__, "exec"))
            except ZeroDivisionError:
                self.app.logger.exception("kind %d", kind)

    def work(self) -> int:
        """Do what the thread does in one round; return how often the server was tried."""
        before = self.box.tries
        self.queue._do_round()
        return self.box.tries - before

    def warnings(self, words: str) -> int:
        return sum("WARNING" in line and words in line for line in self.log())

    def test_the_pause_doubles_up_to_an_hour_and_begins_anew_after_a_success(self):
        self.fail_at(1)
        pauses = []
        self.assertEqual(self.work(), 1)
        for _ in range(8):
            pause = self.queue.first.moment() - self.clock.seconds
            pauses.append(pause)
            # Nothing is tried a moment before.
            self.clock.move(pause - 1)
            self.assertEqual(self.work(), 0)
            self.clock.move(2)
            self.assertEqual(self.work(), 1)
        self.assertEqual(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600])
        self.assertEqual(pauses[-1], MAX_PAUSE)
        self.assertEqual(self.warnings("tried again in 3600 seconds"), 3)
        self.box.refused = []
        self.clock.move(MAX_PAUSE + 1)
        self.assertEqual(self.work(), 1)
        self.assertEqual(self.box.letters.qsize(), 1)
        self.box.refused = ["[microblog]"]
        self.fail_at(2)
        self.assertEqual(self.work(), 1)
        self.assertEqual(self.queue.first.moment() - self.clock.seconds, RETRY_SECONDS)

    def test_a_server_that_fails_is_left_alone_whatever_waits(self):
        self.box.reply = "421 closing"
        for kind in range(3):
            self.fail_at(kind)
        self.assertEqual(self.work(), 1)
        self.clock.move(RETRY_SECONDS + 1)
        self.assertEqual(self.work(), 1)
        self.clock.move(RETRY_SECONDS + 1)
        self.assertEqual(self.work(), 0)
        self.box.refused = []
        self.clock.move(RETRY_SECONDS)
        self.assertEqual(self.work(), 3)

    def test_one_that_is_refused_for_good_is_given_up_at_once(self):
        self.box.reply = "554 5.7.1 admin, admin@example.com: not this"
        self.fail_at(1)
        self.assertEqual(self.work(), 1)
        self.assertEqual(len(self.queue.first.letters), 0)
        self.assertEqual(self.warnings("refused for good"), 1)
        self.assertEqual(self.warnings("554, b'5.7.1"), 1)
        self.assertEqual(self.warnings("admin@"), 0)
        self.clock.move(MAX_PAUSE + 1)
        self.assertEqual(self.work(), 0)

    def test_a_letter_is_given_up_after_thirty_attempts(self):
        self.fail_at(1)
        tries = 0
        while self.queue.first.letters or not tries:
            tries += self.work()
            self.clock.move(MAX_PAUSE + 1)
            self.assertLessEqual(tries, MAX_ATTEMPTS)
        self.assertEqual(tries, MAX_ATTEMPTS)
        self.assertEqual(self.warnings("given up"), 1)
        self.assertEqual(self.warnings("tried again in"), MAX_ATTEMPTS - 1)

    def test_one_that_is_refused_stands_before_no_other(self):
        self.fail_at(1)
        self.assertEqual(self.work(), 1)
        (refused,) = self.queue.first.letters
        self.box.refused = [refused.letter["Message-ID"]]
        self.fail_at(2)
        self.assertEqual(self.work(), 1)
        self.assertEqual(self.box.letters.qsize(), 1)
        self.assertEqual(list(self.queue.first.letters), [refused])

    def test_only_so_many_letters_wait_and_the_log_names_the_others(self):
        for kind in range(MAX_LETTERS + 3):
            self.fail_at(kind)
        self.work()
        self.assertEqual(len(self.queue.first.letters), MAX_LETTERS)
        self.assertEqual(self.warnings("too many wait already: [microblog] 500 ZeroDiv"), 3)

    def test_only_so_many_kinds_are_told_apart_and_all_are_counted(self):
        for kind in range(MAX_KINDS + 20):
            self.fail_at(kind)
        self.assertEqual(len(self.handler.new), MAX_KINDS + 1)
        self.assertEqual(self.handler.new["others"].count, 20)
        self.handler._sort_new()
        self.assertEqual(len(self.handler.waiting), MAX_KINDS + 1)
        for kind in range(MAX_KINDS + 20, MAX_KINDS + 25):
            self.fail_at(kind)
        self.handler._sort_new()
        self.assertEqual(len(self.handler.waiting), MAX_KINDS + 1)
        self.assertEqual(self.handler.waiting["others"].count, 25)

    def test_a_mail_names_so_many_references(self):
        self.box.refused = []
        self.app.config["FAILURE_QUIET_SECONDS"] = 900
        for _ in range(MAX_REFERENCES + 30):
            reference = self.meet_failure(self.app)
        self.assertEqual(self.work(), 1)
        _, letter = self.letter(self.box)
        others = letter.get_content().partition("Others:")[2].splitlines()[0]
        self.assertEqual(len(others.split(",")), MAX_REFERENCES)
        self.assertNotIn(reference, others)
        self.assertIn(f"(ref {reference}), {MAX_REFERENCES + 30} times", letter["Subject"])
