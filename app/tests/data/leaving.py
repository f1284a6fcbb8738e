"""One way to leave: what goes, and what stays."""

import io
import zipfile

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import (
    BroughtPost,
    Identity,
    SignInEnded,
    User,
)
from app.models.posts.brought import PostToBring, bring_along
from app.provider.models import Account
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.clock import Clock
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.leaving import LeavingCase
from app.views.settings import proofs

EVERYTHING = "Delete me, all that I wrote and my account"
NO_ACCOUNT = "Delete me and all that I wrote"
POSTS = "Delete my posts alone"


class WhatGoesTests(LeavingCase):
    def test_all_of_it_goes_at_once(self):
        self.leave(self.home, EVERYTHING)
        self.assertEqual(
            self.home.page.statuses,
            ["You, all that you wrote and your account are deleted. Farewell!"],
        )
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertIsNotNone(self.account().deleted)
        self.assert_out(self.home, self.work)
        self.assert_in(self.ingrid)
        late = self.browser()
        late.get("/openid/sign-in")
        late.submit(username="miguel", password=PASSWORD)
        self.assertEqual(late.status, 400)

    def test_the_account_can_stay_for_other_sites(self):
        self.leave(self.home, NO_ACCOUNT)
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertIsNone(self.account().deleted)
        # Whoever comes back begins anew; the name is kept for nobody.
        self.home = self.browser()
        self.home.get("/login")
        self.home.ask_own_provider()
        self.home.submit(username="miguel", password=PASSWORD)
        self.assertEqual(self.home.page.heading, "Hi, miguel2!")

    def test_the_posts_can_go_alone(self):
        post = PostToBring("https://elsewhere.example/post/1", "brought", now(), None)
        bring_along(self.miguel.id, [post], SITE + "/post/")
        self.leave(self.home, POSTS)
        self.assertEqual(self.home.page.statuses, ["All that you wrote is deleted."])
        self.assertEqual(self.left(), (2, 1, 2))
        self.assert_in(self.home, self.work)
        self.assertEqual(self.count(BroughtPost), 0)
        self.assertEqual(bring_along(self.miguel.id, [post], SITE + "/post/"), 1)

    def test_the_file_is_offered_first(self):
        self.home.get("/settings/data/leave")
        self.home.submit(button="Make the file")
        file = zipfile.ZipFile(io.BytesIO(self.home.response.data))
        self.assertIn(b"of miguel", file.read("posts.json"))

    def test_without_an_account_here_none_is_spoken_of(self):
        abroad = self.foreign_sign_in()
        abroad.get(SITE + "/settings/data/leave")
        self.assertIn(EVERYTHING, abroad.text)
        self.home.get("/settings/account")
        self.home.submit(button=f"Remove {SITE}/id/miguel")
        abroad.get(SITE + "/settings/data/leave")
        self.assertNotIn("account", abroad.page.words)
        abroad.post(
            "/settings/data/leave",
            {
                "csrf_token": abroad.token(),
                "nickname": "miguel",
                "what": "all",
            },
        )
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertIsNone(self.account().deleted)

    def test_with_the_provider_off_the_account_is_left_alone(self):
        self.app = self.make_app(PROVIDER="off", OPENID_TRUSTED_ORIGINS=self.provider.origin)
        browser = self.browser(self.miguel)
        browser.get("/settings/data/leave")
        self.assertNotIn(EVERYTHING, browser.text)
        browser.submit(button=NO_ACCOUNT, nickname="miguel")
        self.assertEqual(self.left(), (1, 1, 1))


class AccountsOwnProofTests(LeavingCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)

    def test_the_account_goes_only_after_it_was_proved_itself(self):
        abroad = self.foreign_sign_in()
        self.leave(abroad, EVERYTHING)
        self.assertEqual(abroad.path, "/openid/sign-in")
        self.assertEqual(abroad.page.statuses, [proofs.WHY_THIS_ONE])
        self.assertEqual(self.left()[0], 2)
        abroad.submit(username="miguel", password=PASSWORD)
        self.assertEqual(abroad.page.statuses, [proofs.AGAIN])
        self.assertEqual(self.left()[0], 2)
        abroad.submit(button=EVERYTHING)
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertIsNotNone(self.account().deleted)

    def test_without_it_any_openid_will_do(self):
        self.leave(self.foreign_sign_in(), NO_ACCOUNT)
        self.assertEqual(self.left(), (1, 1, 1))
        self.assertIsNone(self.account().deleted)

    def test_an_old_proof_is_asked_for_again(self):
        self.clock.move(minutes=11)
        for button in (EVERYTHING, NO_ACCOUNT, POSTS):
            with self.subTest(button):
                self.leave(self.home, button)
                self.assertEqual(self.home.path, "/openid/sign-in")
                self.assertEqual(self.home.page.statuses, [proofs.WHY])
                self.assertEqual(self.left(), (2, 2, 2))


class LastWayInTests(LeavingCase):
    def test_the_account_cannot_go_before_the_user(self):
        self.home.get("/openid")
        self.home.get(self.home.page.links["Delete your account"])
        self.assertIn("cannot go first", self.home.page.words)
        self.assertEqual(self.home.page.links["Leave this site"], "/settings/data/leave")
        form = {"csrf_token": self.home.token(), "password": PASSWORD}
        self.home.post("/openid/delete", form)
        self.assertEqual(self.home.status, 400)
        self.assertIn("cannot go first", self.home.page.words)
        self.assertIsNone(self.account().deleted)
        self.assert_in(self.home, self.work)

    def test_one_that_nobody_here_uses_goes_as_before(self):
        browser = self.browser()
        browser.join_provider("elsewhere")
        browser.get("/openid/delete")
        browser.submit(password=PASSWORD)
        self.assertEqual(browser.page.statuses, ["Your account is deleted."])

    def test_a_dead_openid_is_no_way_in(self):
        abroad = self.foreign_sign_in()
        # As it was left when an account could go first.
        with writing():
            self.account().deleted = now()
        abroad.get(SITE + "/settings/account")
        abroad.submit(button=f"Remove {self.abroad}")
        self.assertEqual(
            abroad.page.alerts, ["Your last OpenID stays: without it you could not sign in."]
        )
        abroad.submit(button=f"Remove {SITE}/id/miguel")
        self.assertEqual(self.miguel.identifiers(), [self.abroad])


class LastWayInRaceTests(ConcurrencyCase):
    def test_nobody_is_made_of_an_account_that_is_deleted_at_that_moment(self):
        for number in range(8):
            account = Account.join(f"pat{number}", PASSWORD, None)
            identifier, name = account.identifier, account.username

            def sign_up(identifier=identifier, name=name):
                try:
                    return User.sign_up(identifier, name, None) is not None
                except SignInEnded:
                    return False

            made, deleted = self.at_once([sign_up, lambda name=name: Account.find(name).delete()])
            with self.subTest(number):
                self.assertNotEqual(made, deleted)
                self.assertEqual(User.find(name) is not None, made)
                self.assertEqual(User.of_identifier(identifier) is not None, made)

    def test_one_of_two_ways_in_stays(self):
        for number in range(5):
            with self.subTest(number):
                account = Account.join(f"miguel{number}", PASSWORD, None)
                user = User.sign_up(account.identifier, f"miguel{number}", None)
                user.add_identity(f"https://miguel{number}.example.com/")
                abroad = db.session.scalar(
                    sa.select(Identity.id).where(
                        Identity.user_id == user.id, Identity.identifier != account.identifier
                    )
                )
                name, user_id = account.username, user.id
                done = self.at_once(
                    [
                        lambda name=name: Account.find(name).delete(),
                        lambda user_id=user_id, one=abroad: db.session.get(
                            User, user_id
                        ).delete_identity(one),
                    ]
                )
                self.assertEqual(sorted(done), [False, True])
                db.session.rollback()
                self.assertEqual(len(user.identifiers()), 1)
