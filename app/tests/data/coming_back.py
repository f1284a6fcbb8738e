"""Who cannot come back under another name, and who can."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import db
from app.database import now, writing
from app.models import (
    RefusedIdentifier,
    ReservedName,
    SignIn,
    Suspension,
    User,
)
from app.models.names import IdentifierRefused
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, SITE, PeopleTestCase
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.leaving import LeavingCase


class RefusedIdentifierTests(LeavingCase):
    def setUp(self):
        super().setUp()
        self.browser_abroad = self.foreign_sign_in()

    def remove(self) -> None:
        self.miguel.delete(refuse_identifiers=True)

    def test_who_was_removed_is_told_so_and_does_not_come_back(self):
        self.remove()
        browser = self.sign_in(self.abroad)
        self.assertEqual((browser.path, browser.page.alerts), ("/login", [PROBLEMS["removed"]]))
        own = self.browser()
        own.get("/login")
        own.ask_own_provider()
        own.submit(username="miguel", password=PASSWORD)
        self.assertEqual((own.path, own.page.alerts), ("/login", [PROBLEMS["removed"]]))
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertFalse(self.is_in(browser) or self.is_in(own))

    def test_nor_as_somebody_elses_openid(self):
        self.remove()
        self.ingrid.get("/settings/account")
        self.ingrid.submit(openid=self.abroad)
        self.come_back(self.ingrid, self.decide(self.ingrid))
        self.assertEqual(self.ingrid.page.alerts, [PROBLEMS["removed"]])
        self.assertIsNone(self.owner_of(self.abroad))

    def test_nor_through_a_form_left_open(self):
        late = self.browser()
        with late.client.session_transaction(base_url=SITE) as session:
            session["newcomer"] = [self.abroad, None, False, 2**33]
        late.get("/login/nickname")
        self.remove()
        late.submit(nickname="back")
        self.assertEqual((late.path, late.page.alerts), ("/login", [PROBLEMS["removed"]]))
        self.assertEqual(self.count(User), 1)

    def test_no_identifier_can_be_read_from_what_is_kept(self):
        self.remove()
        kept = list(db.session.scalars(sa.select(RefusedIdentifier.identifier_hash)))
        self.assertEqual(len(kept), 2)
        self.assertFalse([one for one in kept if "miguel" in one or len(one) != 64])

    def test_who_leaves_may_come_back(self):
        self.miguel.delete()
        self.assertEqual(self.count(RefusedIdentifier), 0)
        self.assertTrue(self.is_in(self.sign_in(self.abroad)))

    def test_nobody_gets_out_of_a_suspension_by_being_removed(self):
        for until, refused in ((None, 2), (now() + timedelta(days=1), 2), (now(), 0)):
            with self.subTest(until):
                self.empty_database()
                user = User.sign_up("https://a.example.com/", "a", None)
                user.add_identity("https://b.example.com/")
                with writing() as session:
                    session.add(Suspension(user_id=user.id, reason="spam", until=until))
                self.run_command("user", "remove", "a")
                self.assertEqual(self.count(RefusedIdentifier), refused)


class RemovalRaceTests(ConcurrencyCase, PeopleTestCase):
    def test_nobody_removed_is_back_a_moment_later(self):
        for number in range(5):
            with self.subTest(number):
                url = f"https://bad{number}.example.com/"
                user_id = User.sign_up(url, f"bad{number}", None).id

                def come_back(url=url, name=f"other{number}"):
                    while True:
                        try:
                            User.sign_up_as(url, name, None)
                        except IdentifierRefused:
                            return "refused"
                        except IntegrityError:
                            # Not yet removed.
                            continue

                def remove(user_id=user_id):
                    db.session.get(User, user_id).delete(refuse_identifiers=True)

                jobs = [remove, come_back, come_back]
                self.assertEqual(self.at_once(jobs), [None, "refused", "refused"])
                self.assertIsNone(User.find(f"other{number}"))
                self.assertTrue(ReservedName.is_kept_from(None, f"bad{number}"))
        self.assertEqual((self.count(User), self.count(SignIn)), (2, 0))
