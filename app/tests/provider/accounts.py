"""An account at our own provider: its page, its password, its consents, its end."""

import hashlib
from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import User
from app.provider.models import Account, AccountSignIn, Consent
from app.tests.support.base import PASSWORD, SITE, JoinMixin, TestCase
from config import read_settings

NEW_PASSWORD = "staple battery horse"
REALM = "https://other.example/"


class AccountTestCase(JoinMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.miguel = self.join("Miguel", "miguel@example.com")

    def sign_in(self, password: str, username: str = "miguel"):
        browser = self.browser()
        browser.get("/openid/sign-in")
        browser.submit(username=username, password=password)
        return browser

    def account(self) -> Account:
        db.session.rollback()
        return db.session.scalar(sa.select(Account).where(Account.username_key == "miguel"))


class IdentityPageTests(AccountTestCase):
    def test_it_says_whose_it_is_and_links_to_who_signs_in_with_it(self):
        browser = self.browser()
        browser.get("/id/miguel")
        self.assertEqual(browser.page.heading, "Miguel’s OpenID")
        self.assertEqual(browser.page.links["Miguel"], "/user/Miguel")

    def test_it_has_one_address_whatever_case_is_typed(self):
        browser = self.browser()
        browser.get("/id/MIGUEL")
        self.assertEqual(browser.url, SITE + "/id/miguel")

    def test_an_account_that_nobody_uses_here_links_to_nobody(self):
        browser = self.browser()
        browser.get("/openid/join")
        browser.submit(username="ana", password=PASSWORD)
        browser.get("/id/ana")
        self.assertNotIn("Here they write as", browser.page.words)


class PasswordTests(AccountTestCase):
    def change(self, old: str, new: str):
        self.miguel.get("/openid/password")
        return self.miguel.submit(old_password=old, password=new)

    def test_it_is_changed_by_who_knows_the_old_one(self):
        self.change(PASSWORD, NEW_PASSWORD)
        self.assertEqual(self.miguel.page.statuses, ["Your password is changed."])
        self.assertEqual(self.sign_in(NEW_PASSWORD).path, "/openid")
        self.assertEqual(self.sign_in(PASSWORD).status, 400)

    def test_without_the_old_one_it_stays(self):
        self.change("a guess at random", NEW_PASSWORD)
        self.assertEqual(self.miguel.status, 400)
        self.assertEqual(self.miguel.page.alerts, ["That is not your password."])
        self.assertEqual(self.sign_in(PASSWORD).path, "/openid")

    def test_a_short_one_is_refused(self):
        self.change(PASSWORD, "short")
        self.assertEqual(self.miguel.page.alerts, ["Please use from 8 to 1000 characters."])
        self.assertEqual(self.sign_in(PASSWORD).path, "/openid")

    def test_other_browsers_are_signed_out_and_this_one_is_not(self):
        other = self.sign_in(PASSWORD)
        self.change(PASSWORD, NEW_PASSWORD)
        other.get("/openid")
        self.assertIn("Sign in to your account", other.page.links)
        self.miguel.get("/openid")
        self.assertIn("Change your password", self.miguel.page.links)

    def test_it_asks_for_a_sign_in_first(self):
        browser = self.browser()
        browser.get("/openid/password")
        self.assertEqual(browser.path, "/openid/sign-in")

    def test_it_is_kept_as_a_scrypt_hash(self):
        with (
            self.app.test_request_context(),
            mock.patch.dict(self.app.config, PASSWORD_HASH=read_settings({})["PASSWORD_HASH"]),
        ):
            account = Account.join("ana", PASSWORD, None)
        self.assertTrue(account.password_hash.startswith("scrypt:32768:8:1$"))
        self.assertTrue(account.knows(PASSWORD))

    def hashes(self, username: str, password: str) -> list[tuple]:
        """Return with which costs passwords are hashed while somebody tries to sign in."""
        costs, scrypt = [], hashlib.scrypt

        def note(*values, **options):
            costs.append(tuple(options[name] for name in ("n", "r", "p")))
            return scrypt(*values, **options)

        with mock.patch.object(hashlib, "scrypt", note):
            self.assertEqual(self.sign_in(password, username).status, 400)
        return costs

    def test_an_unknown_username_is_as_much_work_as_a_wrong_password(self):
        # The first of all unknown ones also makes what the others are compared with.
        self.hashes("nobody1", PASSWORD)
        self.join("gone")
        Account.find("gone").delete()
        wrong = self.hashes("miguel", "a guess at random")
        self.assertEqual(len(wrong), 1)
        for username in ("nobody1", "NOBODY2", "gone"):
            with self.subTest(username):
                self.assertEqual(self.hashes(username, "a guess at random"), wrong)


class DeletingAccountTests(AccountTestCase):
    def setUp(self):
        super().setUp()
        self.owner_of(SITE + "/id/miguel").add_identity("https://miguel.example.com/")

    def delete(self, password: str):
        self.miguel.get("/openid")
        self.miguel.get(self.miguel.page.links["Delete your account"])
        return self.miguel.submit(password=password)

    def test_it_is_asked_twice(self):
        self.delete("a guess at random")
        self.assertEqual(self.miguel.page.alerts, ["That is not your password."])
        self.assertIsNone(self.account().deleted)

    def test_nothing_but_the_username_is_kept(self):
        Consent.remember(self.account(), REALM)
        self.delete(PASSWORD)
        self.assertEqual(self.miguel.page.statuses, ["Your account is deleted."])
        account = self.account()
        self.assertIsNotNone(account.deleted)
        self.assertEqual((account.password_hash, account.email), ("", None))
        self.assertEqual(self.count(AccountSignIn), 0)
        self.assertEqual(self.count(Consent), 0)

    def test_the_username_never_passes_to_somebody_else(self):
        self.delete(PASSWORD)
        self.assertEqual(self.sign_in(PASSWORD).status, 400)
        self.assertEqual(self.sign_in("").status, 400)
        browser = self.browser()
        browser.get("/id/miguel")
        self.assertEqual(browser.status, 404)
        for username in ("miguel", "MIGUEL"):
            browser.get("/openid/join")
            browser.submit(username=username, password=PASSWORD)
            self.assertEqual(
                browser.page.alerts,
                ["This username is already in use. Please choose another one."],
            )


class ConsentsTests(AccountTestCase):
    def test_they_are_listed_on_the_account_page_and_can_be_forgotten(self):
        Consent.remember(self.account(), REALM)
        self.miguel.get("/settings/account")
        self.assertIn(REALM, self.miguel.page.words)
        self.miguel.submit(button=f"Forget {REALM}")
        self.assertEqual(self.miguel.path, "/settings/account")
        self.assertNotIn(REALM, self.miguel.page.words)
        self.assertEqual(self.count(Consent), 0)

    def test_whoever_has_nothing_but_an_account_finds_them_on_its_page(self):
        browser = self.browser()
        browser.get("/openid/join")
        browser.submit(username="ana", password=PASSWORD)
        account = db.session.scalar(sa.select(Account).where(Account.username_key == "ana"))
        self.assertIsNone(User.find("ana"))
        Consent.remember(account, REALM)
        Consent.remember(self.account(), "https://third.example/")
        browser.get("/openid")
        self.assertIn(REALM, browser.page.words)
        self.assertNotIn("third.example", browser.page.words)
        browser.submit(button=f"Forget {REALM}")
        self.assertEqual(browser.path, "/openid")
        self.assertEqual(browser.page.statuses, ["That site will have to ask you again."])
        self.assertNotIn(REALM, browser.page.words)
        self.assertEqual(self.count(Consent), 1)
        # Nobody else can take the other one back from here.
        consent = db.session.scalar(sa.select(Consent.id))
        browser.post(f"/openid/consents/{consent}/forget", {"csrf_token": browser.token()})
        self.assertEqual(self.count(Consent), 1)

    def test_nobody_elses_are_shown_or_forgotten(self):
        Consent.remember(self.account(), REALM)
        ana = self.join("ana")
        ana.get("/settings/account")
        self.assertNotIn(REALM, ana.page.words)
        consent = db.session.scalar(sa.select(Consent.id))
        ana.post(f"/openid/consents/{consent}/forget", {"csrf_token": ana.token()})
        self.assertEqual(self.count(Consent), 1)

    def test_a_realm_is_kept_once_and_a_huge_one_not_at_all(self):
        for realm in (REALM, REALM, "https://x.example/" + "x" * 600):
            Consent.remember(self.account(), realm)
        self.assertEqual(self.count(Consent), 1)
