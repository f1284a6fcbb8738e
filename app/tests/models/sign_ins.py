"""The rows of sign-ins and OpenIDs: what they keep, when they go, and who waits for whom."""

import hashlib
from datetime import timedelta
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database import now
from app.database.upgrade import upgrade
from app.models import CurrentUser, Identity, SignIn, User
from app.models.sign_ins import SignInEnded
from app.models.tokens import hashed
from app.provider.models import Account, AccountSignIn
from app.tests.support.base import PASSWORD, SITE, JoinMixin, PeopleTestCase, settings
from app.tests.support.clock import Clock
from app.tests.support.openid.relying_party import request_path
from app.tests.support.programs.processes import fresh_database

A_MOMENT = timedelta(microseconds=1)
JOHN = "https://john.example.com/"


class TokenTests(JoinMixin, PeopleTestCase):
    """Whoever reads the database finds nothing that a browser could show."""

    def test_what_is_kept_of_a_token_is_its_sha256(self):
        self.assertEqual(hashed("a token"), hashlib.sha256(b"a token").hexdigest())

    def test_no_row_holds_what_a_cookie_or_an_address_does(self):
        browser = self.join("miguel")
        with browser.client.session_transaction(base_url=SITE) as session:
            tokens = {session["_user_id"], session["account"]}
        account = db.session.scalar(sa.select(Account))
        tokens |= {AccountSignIn.begin(account), SignIn.begin(self.john.id, JOHN)}
        browser.get(request_path())
        tokens.add(parse_qs(urlsplit(browser.url).query)["request"][0])
        db.session.rollback()
        with db.engine.connect() as connection:
            for table in db.metadata.sorted_tables:
                for row in connection.execute(sa.select(table)):
                    for token in tokens:
                        self.assertNotIn(token, str(row), table.name)
        for kept in db.session.scalars(sa.select(SignIn.token_hash)):
            self.assertIsNone(CurrentUser.of_token(kept))

    def test_a_sign_in_proved_again_has_another_token_and_the_old_one_is_none(self):
        old = SignIn.begin(self.john.id, JOHN)
        new = SignIn.renew(CurrentUser.of_token(old).sign_in, JOHN, now())
        self.assertNotEqual(old, new)
        self.assertIsNone(CurrentUser.of_token(old))
        self.assertEqual(CurrentUser.of_token(new).id, self.john.id)
        self.assertEqual(self.count(SignIn), 1)


class StandingTests(PeopleTestCase):
    """A sign-in stands on an OpenID of its user, and on nothing else."""

    def test_none_begins_with_an_openid_that_is_not_the_users(self):
        for identifier in ("https://susan.example.com/", "https://nobody.example.com/", ""):
            with self.subTest(identifier), self.assertRaises(SignInEnded):
                SignIn.begin(self.john.id, identifier)
        self.assertEqual(self.count(SignIn), 0)

    def test_none_is_proved_with_one_or_once_it_has_ended(self):
        user = CurrentUser.of_token(SignIn.begin(self.john.id, JOHN))
        with self.assertRaises(SignInEnded):
            SignIn.renew(user.sign_in, "https://susan.example.com/", now())
        user.sign_out(user.sign_in.id)
        with self.assertRaises(SignInEnded):
            SignIn.renew(user.sign_in, JOHN, now())

    def test_none_begins_on_a_sign_in_at_our_provider_that_has_ended(self):
        with self.assertRaises(SignInEnded):
            SignIn.begin(self.john.id, JOHN, account_sign_in_id=4711)
        self.assertEqual(self.count(SignIn), 0)

    def test_an_owner_who_was_quicker_is_the_one_signed_up(self):
        with mock.patch.object(User, "make_unique_nickname", side_effect=["a", "b", "c"]):
            self.assertEqual(User.sign_up(JOHN, "jack", None).id, self.john.id)
        self.assertEqual((self.count(User), self.count(Identity)), (2, 2))


class LastUsedTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)

    def used(self, model) -> dict[int, object]:
        db.session.rollback()
        return dict(db.session.execute(sa.select(model.id, model.last_used)).all())

    def test_a_sign_in_is_used_by_looking_at_most_once_a_minute_and_no_other_is(self):
        here = self.browser(self.john)
        self.browser(self.john)
        self.browser(self.susan)
        before = self.used(SignIn)
        own = min(before)
        for step, moves in ((timedelta(seconds=59), False), (timedelta(seconds=1), True)):
            self.clock.moment += step
            here.get("/")
            after = self.used(SignIn)
            self.assertEqual(after[own], self.clock.moment if moves else before[own])
            self.assertEqual({**after, own: None}, {**before, own: None})

    def test_two_browsers_of_a_user_are_used_each_for_itself(self):
        browsers = [self.browser(self.john), self.browser(self.john)]
        self.clock.moment += timedelta(minutes=1)
        for browser in browsers:
            browser.get("/")
        self.assertEqual(set(self.used(SignIn).values()), {self.clock.moment})

    def test_an_openid_is_used_by_signing_in_and_by_proving_it_and_no_other_is(self):
        self.john.add_identity("https://other.example/")
        identity = db.session.scalar(sa.select(Identity.id).where(Identity.identifier == JOHN))
        for begin in (
            lambda: SignIn.begin(self.john.id, JOHN),
            lambda: SignIn.renew(
                CurrentUser.of_token(SignIn.begin(self.john.id, JOHN)).sign_in, JOHN, now()
            ),
        ):
            before = self.used(Identity)
            self.clock.moment += timedelta(days=1)
            begin()
            after = self.used(Identity)
            self.assertEqual(after[identity], self.clock.moment)
            self.assertEqual({**after, identity: None}, {**before, identity: None})
        self.browser(self.john).get("/")
        self.assertEqual(self.used(Identity), after)


class GoingTests(PeopleTestCase):
    """What has ended is not kept, and is worth nothing until it goes."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)

    def test_sign_ins_go_after_thirty_days_unused_and_remembered_ones_after_a_year(self):
        for remembered, days in ((False, 30), (True, 365)):
            with self.subTest(remembered=remembered):
                token = SignIn.begin(self.john.id, JOHN, remembered)
                self.clock.moment += timedelta(days=days)
                SignIn.begin(self.susan.id, "https://susan.example.com/")
                self.assertIsNotNone(CurrentUser.of_token(token))
                self.clock.moment += A_MOMENT
                self.assertIsNone(CurrentUser.of_token(token))
                SignIn.begin(self.susan.id, "https://susan.example.com/")
                left = set(db.session.scalars(sa.select(SignIn.user_id)))
                self.assertEqual(left, {self.susan.id})
                self.susan.sign_out()

    def test_sign_ins_at_our_provider_go_after_thirty_days(self):
        account = Account.join("miguel", PASSWORD, None)
        token = AccountSignIn.begin(account)
        self.clock.moment += timedelta(days=30) - A_MOMENT
        self.assertEqual(AccountSignIn.find(token).account.id, account.id)
        AccountSignIn.begin(account)
        self.assertEqual(self.count(AccountSignIn), 2)
        self.clock.moment += 2 * A_MOMENT
        self.assertIsNone(AccountSignIn.find(token))
        AccountSignIn.begin(account)
        self.assertEqual(self.count(AccountSignIn), 2)

    def test_a_remembered_sign_in_outlives_the_providers_that_it_came_from(self):
        account = Account.join("miguel", PASSWORD, None)
        AccountSignIn.begin(account)
        came_from = db.session.scalar(sa.select(AccountSignIn.id))
        token = SignIn.begin(self.john.id, JOHN, True, account_sign_in_id=came_from)
        self.clock.moment += timedelta(days=31)
        AccountSignIn.begin(account)
        self.assertIsNotNone(CurrentUser.of_token(token))
        self.assertIsNone(db.session.scalar(sa.select(SignIn.account_sign_in_id)))

    def test_requests_of_other_sites_go_after_an_hour(self):
        table = db.metadata.tables["pending_request"]
        browser = self.browser()
        browser.get(request_path())
        asked = browser.url
        for step, status in ((timedelta(hours=1) - A_MOMENT, 200), (2 * A_MOMENT, 410)):
            self.clock.moment += step
            browser.get(asked)
            self.assertEqual(browser.status, status)
        self.browser().get(request_path())
        db.session.rollback()
        self.assertEqual(db.session.scalar(sa.select(sa.func.count()).select_from(table)), 1)


class OldRowsTests(PeopleTestCase):
    """Sign-ins of a site from before it was kept what began them."""

    def test_who_has_one_openid_began_with_it_and_of_others_it_is_not_known(self):
        app = create_app(**settings(DATABASE_URL=fresh_database(self)))
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            flask_migrate.upgrade(revision="0003")
            tables = sa.MetaData()
            tables.reflect(db.engine, only=["user", "identity", "sign_in"])
            moment = now()
            with db.engine.begin() as connection:
                for user_id, count in ((1, 1), (2, 2), (3, 0)):
                    name = f"user{user_id}"
                    connection.execute(
                        tables.tables["user"].insert(),
                        {
                            "id": user_id,
                            "nickname": name,
                            "nickname_key": name,
                            "about_me": "",
                            "last_seen": moment,
                            "avatar_seed": name,
                        },
                    )
                    for number in range(count):
                        connection.execute(
                            tables.tables["identity"].insert(),
                            {
                                "id": 10 * user_id + number,
                                "identifier": f"https://{name}.example/{number}",
                                "user_id": user_id,
                                "last_used": moment,
                            },
                        )
                    connection.execute(
                        tables.tables["sign_in"].insert(),
                        {
                            "token_hash": hashed(name),
                            "user_id": user_id,
                            "remembered": True,
                            "browser": "x",
                            "began": moment - timedelta(days=user_id),
                            "last_used": moment,
                        },
                    )
            upgrade(app)
            found = db.session.execute(
                sa.select(SignIn.user_id, SignIn.identity_id, SignIn.proved).order_by(SignIn.id)
            ).all()
            self.assertEqual([row.identity_id for row in found], [10, None, None])
            for row in found:
                self.assertEqual(row.proved, moment - timedelta(days=row.user_id))
                self.assertIsNotNone(CurrentUser.of_token(f"user{row.user_id}"))
            self.assertEqual(list(db.session.scalars(sa.select(Identity.added))), [None] * 3)
            db.session.remove()
            # Down again, and nothing of it is lost.
            flask_migrate.downgrade(revision="0003")
            with db.engine.connect() as connection:
                kept = connection.execute(sa.text("SELECT count(*) FROM sign_in")).scalar()
            self.assertEqual(kept, 3)
