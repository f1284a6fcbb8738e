"""Newcomers, inviters and moderators at the same moment."""

import sys
from datetime import timedelta

import portalocker

from app import db
from app.database import now, writing
from app.models import Action, Application, Invitation, User
from app.models.joining import admission as joining
from app.models.joining import admission as rules
from app.models.joining.admission import NotWelcome
from app.models.joining.applications import MAX_WAITING, MAX_WAITING_OF_ADDRESS, TooManyWaiting
from app.models.joining.invitations import MAX_OPEN_INVITATIONS, TooManyInvitations
from app.queries.joining import applications
from app.tests.support.base import database_url
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.joining import InvitationCase, JoiningCase
from app.tests.support.programs.processes import START_SECONDS, Process, temporary_folder
from config import basedir

# What becomes the processes of InvitationRaceTests: each says that it is ready, waits for the
# lock whose end starts them all, and comes by the same invitation.
GUESTS = """
import fcntl, os, sys
sys.path.insert(0, {basedir!r})
from app import create_app
from app.models.joining import admission as joining

def come(name):
    app = create_app(
        SECRET_KEY="a key for tests, 0123456789", LOG_FILE="-", DATABASE_URL={url!r}, JOIN="invite"
    )
    with app.app_context():
        print("ready", name, flush=True)
        with open({start!r}) as start:
            fcntl.flock(start, fcntl.LOCK_SH)
        try:
            joining.admit("https://%s.example.net/" % name, "guest", None, {token!r})
            print("came", name, flush=True)
        except joining.NotWelcome as refusal:
            print("stayed", name, refusal.entry, flush=True)

names = {names!r}
for name in names:
    if os.fork() == 0:
        come(name)
        sys.exit()
sys.exit(any([os.wait()[1] for _ in names]))
"""


class InvitationRaceTests(ConcurrencyCase, InvitationCase):
    slow = True

    def test_of_twenty_at_once_one_gets_in(self):
        for _ in range(3):
            token = Invitation.make(self.bob.id, "member")
            before = self.users()

            def come(number: int, token=token):
                def run() -> bool:
                    try:
                        identifier = f"https://{token}.example/{number}"
                        rules.admit(identifier, "guest", None, token)
                    except NotWelcome:
                        return False
                    return True

                return run

            self.assertEqual(sum(self.at_once(come(number) for number in range(20))), 1)
            self.assertEqual(len(self.users() - before), 1)
        self.assertEqual(self.open_count(), 0)

    def test_of_twenty_browsers_at_once_one_gets_in(self):
        link = self.link(self.browser(self.bob))
        ready = []
        for number in range(20):
            guest = self.begin(f"{self.provider.origin}/id/guest-{number}", self.opened(link))
            ready.append((guest, self.decide(guest)))
        self.at_once(
            lambda guest=guest, answer=answer: self.come_back(guest, answer)
            for guest, answer in ready
        )
        headings = sorted(guest.page.heading for guest, _ in ready)
        self.assertEqual(headings, ["Hi, susan!", *["Sign in"] * 19])
        self.assertEqual(self.users(), {"susan"})

    def test_of_processes_at_once_one_gets_in(self):
        names = [f"guest{number}" for number in range(4)]
        folder = temporary_folder(self)
        code = GUESTS.format(
            basedir=str(basedir),
            url=database_url(),
            token=Invitation.make(self.bob.id, "member"),
            start=str(folder / "start"),
            names=names,
        )
        (folder / "start").touch()
        guests = Process(self, sys.executable, "-c", code)
        db.session.rollback()
        with portalocker.Lock(folder / "start"):
            for name in names:
                guests.wait_for_output(f"ready {name}")
        self.assertEqual(guests.process.wait(START_SECONDS), 0, guests.output)
        self.assertEqual((guests.output.count("came"), guests.output.count("stayed")), (1, 3))
        self.assertEqual(self.users(), {"guest"})

    def test_of_ten_tabs_that_make_one_five_do(self):
        def make() -> bool:
            try:
                Invitation.make(bob_id, "member")
            except TooManyInvitations:
                return False
            return True

        bob_id = self.bob.id
        self.assertEqual(sum(self.at_once([make] * 10)), MAX_OPEN_INVITATIONS)
        self.assertEqual(self.open_count(), MAX_OPEN_INVITATIONS)


class AnsweringRaceTests(ConcurrencyCase, JoiningCase):
    settings = {"JOIN": "ask"}

    def test_of_moderators_who_answer_at_once_one_is_first(self):
        moderators = [self.ana.id]
        for number in range(3):
            other = User.sign_up(f"https://m{number}.example/", f"m{number}", None)
            moderators.append(other.id)
        for number in range(5):
            identifier = f"https://{number}.example/"
            Application.ask(identifier, f"tea{number}", None, "x", str(number))

            def answer(moderator_id: int, approves: bool):
                def run():
                    [waiting] = applications.waiting() or [None]
                    if waiting is None:
                        return None
                    moderator = db.session.get(User, moderator_id)
                    if approves:
                        return joining.approve(waiting, moderator) and "yes"
                    return "no" if joining.refuse(waiting, moderator, "No.") else None

                return run

            answers = self.at_once(answer(one, one % 2 == 0) for one in moderators)
            told = [one for one in answers if one]
            self.assertEqual(len(told), 1, answers)
            made = User.of_identifier(identifier) is not None
            self.assertEqual(made, told == ["yes"])
        self.assertEqual(self.count(Action), 5)

    def test_of_thirty_who_ask_at_once_twenty_wait(self):
        def ask(number: int):
            def run() -> bool:
                try:
                    Application.ask(f"https://{number}.example/", "x", None, "x", str(number // 3))
                except TooManyWaiting:
                    return False
                return True

            return run

        asked = self.at_once(ask(number) for number in range(30))
        self.assertEqual(sum(asked), MAX_WAITING)
        self.assertEqual(self.count(Application), MAX_WAITING)

    def test_of_twelve_of_one_address_three_wait(self):
        def ask(number: int):
            def run() -> bool:
                try:
                    Application.ask(f"https://{number}.example/", "x", None, "x", "one")
                except TooManyWaiting:
                    return False
                return True

            return run

        # What has ended is deleted on the way, by several at once.
        with writing() as session:
            for number in range(12, 16):
                session.add(
                    Application(
                        identifier=f"https://{number}.example/",
                        nickname="x",
                        reason="x",
                        address_hash="one",
                        created=now() - timedelta(days=31),
                    )
                )
        self.assertEqual(sum(self.at_once(ask(n) for n in range(12))), MAX_WAITING_OF_ADDRESS)
        self.assertEqual(self.count(Application), MAX_WAITING_OF_ADDRESS)
