"""Sign-ins that begin while what they stand on ends, and OpenIDs that are removed at once."""

import contextlib
import threading

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Identity, SignIn, User
from app.models.sign_ins import SignInEnded
from app.provider.models import Account, AccountSignIn
from app.tests.support.base import PASSWORD, SITE, PeopleTestCase
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.programs.processes import START_SECONDS


class EndingRaceTests(ConcurrencyCase):
    """However it comes out, no sign-in outlives what it came from."""

    ROUNDS = 5
    AT_ONCE = 6

    def setUp(self):
        super().setUp()
        self.user = User.sign_up(SITE + "/id/miguel", "miguel", None)
        self.user.add_identity("https://other.example/")
        self.account = Account.join("miguel", PASSWORD, None)
        self.user_id, self.account_id = self.user.id, self.account.id

    def begin(self) -> None:
        with contextlib.suppress(SignInEnded):
            user = db.session.get(User, self.user_id)
            SignIn.begin(user.id, SITE + "/id/miguel", account_sign_in_id=self.at_provider)

    def race(self, end) -> None:
        for _ in range(self.ROUNDS):
            db.session.rollback()
            token = AccountSignIn.begin(db.session.get(Account, self.account_id))
            self.at_provider = db.session.scalar(sa.select(sa.func.max(AccountSignIn.id)))
            self.at_once([self.begin] * self.AT_ONCE + [lambda token=token: end(token)])
            self.assertEqual((self.count(SignIn), self.count(AccountSignIn)), (0, 0))

    def test_the_sign_in_at_our_provider_ends(self):
        self.race(AccountSignIn.sign_out)

    def test_the_user_signs_out_everywhere(self):
        self.race(lambda token: db.session.get(User, self.user_id).sign_out())

    def test_the_password_changes(self):
        self.race(lambda token: db.session.get(Account, self.account_id).set_password(PASSWORD))

    def test_the_openid_is_removed(self):
        identifier = SITE + "/id/miguel"
        for _ in range(self.ROUNDS):
            db.session.rollback()
            AccountSignIn.begin(db.session.get(Account, self.account_id))
            self.at_provider = db.session.scalar(sa.select(sa.func.max(AccountSignIn.id)))
            own = db.session.scalar(sa.select(Identity.id).where(Identity.identifier == identifier))

            def remove(own=own):
                db.session.get(User, self.user_id).delete_identity(own)

            self.at_once([self.begin] * self.AT_ONCE + [remove])
            self.assertEqual(self.count(SignIn), 0)
            db.session.get(User, self.user_id).add_identity(identifier)


class RowLockTests(PeopleTestCase):
    def test_two_removals_at_once_leave_one_openid(self):
        self.john.add_identity("https://other.example/")
        db.session.rollback()
        first, second = db.session.scalars(
            sa.select(Identity.id).where(Identity.user_id == self.john.id).order_by(Identity.id)
        )
        user_id, asks, done, outcome = self.john.id, threading.Event(), threading.Event(), []

        def note(connection, cursor, statement, *rest):
            if threading.current_thread() is thread:
                asks.set()

        def remove_the_second():
            with self.app.app_context():
                outcome.append(db.session.get(User, user_id).delete_identity(second))
            done.set()

        thread = threading.Thread(target=remove_the_second)
        sa.event.listen(db.engine, "before_cursor_execute", note)
        self.addCleanup(sa.event.remove, db.engine, "before_cursor_execute", note)
        with writing() as session:
            session.execute(sa.select(User.id).where(User.id == user_id).with_for_update())
            session.execute(sa.delete(Identity).where(Identity.id == first))
            thread.start()
            self.assertTrue(asks.wait(START_SECONDS))
            self.wait_until_it_waits(session, done)
        thread.join(START_SECONDS)
        self.assertEqual(outcome, [False])
        self.assertEqual(self.john.identifiers(), ["https://other.example/"])

    def wait_until_it_waits(self, session, done: threading.Event) -> None:
        """Wait until the other thread is held up by this one's transaction, or is through."""
        if db.engine.dialect.name == "sqlite":
            # There is one lock, and this transaction has it since before the thread began.
            return
        held_up = sa.text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        while not (done.wait(0.01) or session.scalar(held_up)):
            pass
