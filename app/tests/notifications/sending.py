"""The command that writes letters, as processes on several machines that may be killed."""

import signal
import sys

from app.database import end_transaction, writing
from app.models import ConfirmedEmail, MailChoice
from app.tests.support.base import database_url
from app.tests.support.people.notifications import NotificationCase
from app.tests.support.programs.mail import MAIL_SECONDS, MailBox, SlowMailBox, mail_server
from app.tests.support.programs.processes import STOP_SECONDS, Process, wait_until
from config import basedir

NAMES = ("ada", "bob", "eve", "fay")


class SilentMailBox(SlowMailBox):
    """Keeps a letter, and does not say so before it is told to."""

    async def handle_DATA(self, server, session, envelope) -> str:
        self.letters.put(envelope)
        return await super().handle_DATA(server, session, envelope)


class SendingProcessTests(NotificationCase):
    slow = True

    def setUp(self):
        super().setUp()
        for name in NAMES:
            user = self.person(name)
            with writing() as session:
                session.add(ConfirmedEmail(user_id=user.id, address=f"{name}@example.com"))
            MailChoice.choose(user.id, "at once")
        self.susan.write(" ".join(f"@{name}" for name in NAMES))
        end_transaction()

    def process(self, box: MailBox) -> Process:
        return Process(
            self,
            sys.executable,
            *("-m", "flask", "notifications", "send"),
            cwd=basedir,
            DATABASE_URL=database_url(),
            SECRET_KEY="a key for tests, 0123456789",
            LOG_FILE="-",
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=str(box.port),
            FLASK_SKIP_DOTENV="1",
        )

    def wait_for(self, *processes: Process) -> None:
        for process in processes:
            wait_until(lambda process=process: not process.is_running(), STOP_SECONDS, "the end")

    def recipients(self, box: MailBox) -> list[str]:
        return [box.letters.get_nowait().rcpt_tos[0] for _ in range(box.letters.qsize())]

    def test_one_that_is_killed_in_the_midst_of_a_letter_leaves_the_others_to_the_next(self):
        silent, box = mail_server(self, SilentMailBox()), mail_server(self)
        self.addCleanup(silent.go_on)
        killed = self.process(silent)
        first = silent.letters.get(timeout=MAIL_SECONDS)
        killed.stop(signal.SIGKILL)
        self.wait_for(self.process(box))
        found = [*first.rcpt_tos, *self.recipients(box)]
        self.assertEqual(sorted(found), [f"{name}@example.com" for name in NAMES])

    def test_three_at_once_write_to_everybody_once(self):
        box = mail_server(self)
        self.wait_for(*[self.process(box) for _ in range(3)])
        self.assertEqual(sorted(self.recipients(box)), [f"{name}@example.com" for name in NAMES])
