"""What a new password, a removed OpenID and leaving end."""

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import Identity, SignIn, User
from app.provider.models import Account, AccountSignIn
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.openid.account import EndingCase

NEW_PASSWORD = "staple battery horse"


class NewPasswordTests(EndingCase):
    def change_password(self) -> None:
        self.home.get("/openid/password")
        self.home.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.assertEqual(self.home.page.statuses, ["Your password is changed."])

    def test_it_ends_what_the_account_began_but_this_browser(self):
        remembered = self.own_sign_in(remember=True)
        copies = [self.copy(remembered, "remember"), self.copy(self.work)]
        abroad = self.foreign_sign_in()
        self.change_password()
        self.assert_out(self.work, remembered, *copies)
        self.assert_in(self.home, abroad, self.ingrid)

    def test_copies_of_this_browsers_cookies_are_worth_nothing(self):
        self.home = self.own_sign_in(remember=True)
        copies = [self.copy(self.home, *n) for n in (["session"], ["remember"])]
        self.change_password()
        self.assert_out(*copies)
        self.assert_in(self.home)
        self.home.client.delete_cookie("session", domain="127.0.0.1")
        self.assert_in(self.home)

    def test_one_from_before_what_began_it_was_kept_ends_as_well(self):
        db.session.execute(sa.update(SignIn).values(identity_id=None, account_sign_in_id=None))
        db.session.commit()
        self.change_password()
        self.assert_out(self.work)
        self.assert_in(self.home, self.ingrid)

    def test_it_counts_as_a_proof(self):
        long_ago = now().replace(year=2012)
        db.session.execute(sa.update(SignIn).values(proved=long_ago))
        db.session.commit()
        self.change_password()
        self.press(self.home, "Sign out everywhere")
        self.assertEqual(self.home.path, "/login")

    def test_an_administrators_ends_them_all(self):
        remembered = self.own_sign_in(remember=True)
        abroad = self.foreign_sign_in()
        self.assertEqual(self.run_command("account", "reset", "miguel").exit_code, 0)
        self.assert_out(self.home, self.work, remembered)
        self.assert_in(abroad, self.ingrid)

    def test_and_so_when_the_provider_is_off(self):
        off = self.make_app(PROVIDER="off", OPENID_TRUSTED_ORIGINS=self.provider.origin)
        self.assertEqual(self.run_command("account", "reset", "miguel", app=off).exit_code, 0)
        self.assertEqual((self.sign_in_ids(), self.count(SignIn)), ([], 1))

    def test_deleting_the_account_does_it_too(self):
        abroad = self.foreign_sign_in()
        self.home.get("/openid/delete")
        self.home.submit(password=PASSWORD)
        self.assertEqual(self.home.page.statuses, ["Your account is deleted."])
        self.assert_out(self.home, self.work)
        self.assert_in(abroad, self.ingrid)
        self.assertEqual(self.miguel.identifiers(), [self.abroad])

    def test_somebody_elses_account_in_this_browser_changes_nothing_of_mine(self):
        self.home.get("/openid/sign-in")
        self.home.submit(username="ingrid", password=PASSWORD)
        self.change_password()
        self.assert_out(self.ingrid)
        self.assert_in(self.home, self.work)


class RemovedOpenIDTests(EndingCase):
    def remove(self, browser: Browser, identifier: str) -> None:
        self.press(browser, f"Remove {identifier}")

    def test_it_ends_what_it_began_and_nothing_else(self):
        abroad, remembered = self.foreign_sign_in(), self.foreign_sign_in()
        self.remove(self.home, self.abroad)
        self.assertEqual(self.home.page.statuses, ["That OpenID is removed."])
        self.assertEqual([self.is_in(each) for each in (abroad, remembered)], [False, False])
        self.assert_in(self.home, self.work, self.ingrid)

    def test_this_browser_ends_when_it_began_with_it(self):
        abroad = self.foreign_sign_in()
        self.remove(abroad, self.abroad)
        self.assertEqual(abroad.path, "/login")
        self.assertFalse(self.is_in(abroad))
        self.assert_in(self.home, self.work)

    def test_this_browser_stays_though_a_copy_of_it_began_with_it(self):
        abroad = self.foreign_sign_in()
        abroad.get(SITE + "/openid/sign-in")
        abroad.submit(username="miguel", password=PASSWORD)
        thief = self.copy(abroad)
        with thief.client.session_transaction(base_url=SITE) as session:
            del session["_user_id"]
        self.assertTrue(self.comes_back(thief))
        self.remove(abroad, SITE + "/id/miguel")
        self.assert_in(abroad)
        self.assertEqual(len(self.sign_in_ids()), 1)
        self.assert_out(thief)

    def test_what_the_account_began_ends_at_our_provider_too(self):
        abroad = self.foreign_sign_in()
        self.remove(abroad, SITE + "/id/miguel")
        self.assert_in(abroad, self.ingrid)
        self.assertEqual(self.count(AccountSignIn), 1)
        # Whoever has the account is a stranger here now.
        self.assert_out(self.home, self.work)
        self.assertEqual(self.count(User), 2)

    def test_one_from_before_what_began_it_was_kept_ends_as_well(self):
        abroad = self.foreign_sign_in()
        others = SignIn.id.in_(self.sign_in_ids()[:2])
        db.session.execute(sa.update(SignIn).where(others).values(identity_id=None))
        db.session.commit()
        self.remove(abroad, SITE + "/id/miguel")
        self.assert_in(abroad)
        self.assertEqual(len(self.sign_in_ids()), 1)

    def test_the_last_one_stays_and_ends_nothing(self):
        identity = db.session.scalar(
            sa.select(Identity.id).where(Identity.user_id == self.miguel.id)
        )
        self.home.get("/settings/account")
        self.home.post(
            f"/settings/account/openids/{identity}/remove", {"csrf_token": self.home.token()}
        )
        self.assert_in(self.home, self.work)

    def test_who_was_about_to_sign_in_with_it_is_a_stranger(self):
        self.foreign_sign_in()
        late = self.begin(self.abroad)
        answer = self.decide(late)
        self.remove(self.home, self.abroad)
        late.get(answer.url)
        self.assertEqual(late.page.heading, "Hi, susan!")
        self.assertNotEqual(self.owner_of(self.abroad).id, self.miguel.id)


class LeavingEndsTests(EndingCase):
    def test_deleting_oneself_ends_all_of_it(self):
        self.home.get("/settings/data/leave")
        self.home.submit(nickname="miguel")
        for browser in (self.home, self.work):
            self.assertFalse(self.is_in(browser))
        self.assertEqual((self.count(SignIn), self.count(AccountSignIn)), (1, 1))
        self.assertEqual(self.count(Account), 2)
