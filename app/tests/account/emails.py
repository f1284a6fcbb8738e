"""A user's mail address: shown, changed, confirmed and removed; and letters about the ways in."""

from datetime import timedelta
from unittest import mock

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import ConfirmedEmail, MailedLink, User
from app.models.emails.links import CONFIRM, MAX_CONFIRMING
from app.tests.support.base import SITE, Browser, JoinMixin, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.people.letters import LettersMixin, path_in
from app.views.settings.email import ENDED, TOO_MANY

SENT = ["A letter is on its way. Please open its link within an hour."]


class EmailCase(LettersMixin, JoinMixin, PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.receive_letters()
        self.here = self.browser(self.john)

    def ask(self, address: str, browser: Browser | None = None) -> Browser:
        browser = browser or self.here
        browser.get("/settings/account")
        browser.submit(email=address)
        return browser

    def link(self, address: str = "new@example.com") -> str:
        """Ask to confirm an address, and return the path in the letter there."""
        self.assertEqual(self.ask(address).page.statuses, SENT)
        return path_in(self.text(address))

    def open(self, path: str, browser: Browser | None = None) -> Browser:
        """Open a link and press its button, in a browser that was never here."""
        browser = browser or self.browser()
        browser.get(path)
        if browser.status == 200:
            browser.submit(button="Yes, it is mine")
        return browser

    def confirm(self, address: str = "new@example.com") -> None:
        browser = self.open(self.link(address))
        self.assertEqual(browser.page.heading, "Your address is confirmed")

    def address(self) -> str | None:
        db.session.rollback()
        email = ConfirmedEmail.of(self.john.id)
        return email.address if email else None


class EmailTests(EmailCase):
    def test_one_is_confirmed_by_a_link_in_another_browser(self):
        self.assertIn("Nobody has confirmed john@example.com yet", self.here_page())
        path = self.link("New@Example.com")
        self.assertIsNone(self.address())
        self.assertIn("A letter with a link went to New@Example.com.", self.here_page())
        other = self.browser()
        other.get(path)
        self.assertIn("Letters to john would go to New@Example.com", other.page.words)
        other.submit(button="Yes, it is mine")
        self.assertEqual(other.page.heading, "Your address is confirmed")
        self.assertEqual(self.address(), "New@Example.com")
        self.assertEqual(db.session.get(User, self.john.id).email, "New@Example.com")
        self.assertIn("Letters go to New@Example.com", self.here_page())
        self.assertEqual(len(other.client._cookies), 1)
        other.get("/edit")
        self.assertEqual(other.path, "/login")
        self.assert_no_letter()

    def here_page(self) -> str:
        self.here.get("/settings/account")
        return " ".join(self.here.page.words.split())

    def test_looking_at_a_link_confirms_nothing(self):
        path = self.link()
        for method in ("get", "get", "head", "options"):
            client = self.app.test_client()
            with self.app.app_context():
                getattr(client, method)(path, base_url=SITE)
            self.assertIsNone(self.address())
        self.open(path)
        self.assertEqual(self.address(), "new@example.com")

    def test_a_link_is_good_once_for_an_hour_and_until_the_next(self):
        clock = Clock(self)
        first = self.link("first@example.com")
        second = self.link("second@example.com")
        self.assert_ended(first)
        clock.move(minutes=59, seconds=59)
        self.open(second)
        self.assertEqual(self.address(), "second@example.com")
        self.assert_ended(second)
        self.here = self.browser(self.john)
        third = self.link("third@example.com")
        clock.move(hours=1)
        self.assert_ended(third)
        self.assertEqual(self.address(), "second@example.com")

    def assert_ended(self, path: str) -> None:
        browser = self.open(path)
        self.assertEqual((browser.status, browser.page.heading), (410, "This link has ended"))
        self.assertIn(ENDED, browser.page.words)

    def test_both_addresses_hear_of_a_change_and_the_old_one_of_a_removal(self):
        self.confirm("old@example.com")
        self.confirm("new@example.com")
        for address in ("old@example.com", "new@example.com"):
            text = self.text(address)
            self.assertIn("Letters to john go to new@example.com.", text)
            self.assertEqual(path_in(text), "/settings/account")
        self.here.get("/settings/account")
        self.here.submit(button="Remove my address")
        self.assertEqual(self.here.page.statuses, ["Your e-mail address is removed."])
        self.assertIn("Letters to john go nowhere any more.", self.text("new@example.com"))
        self.assertIsNone(self.address())
        self.assertIsNone(db.session.get(User, self.john.id).email)
        self.here.get("/settings/account")
        self.assertNotIn("Remove my address", self.here.page.words)
        self.assert_no_letter()

    def test_a_removal_ends_links_that_are_under_way(self):
        path = self.link()
        self.here.get("/settings/account")
        self.here.submit(button="Remove my address")
        self.assert_ended(path)
        self.assertIsNone(self.address())

    def test_what_is_no_address_is_refused_beside_the_field(self):
        for typed in ("", "john", "john@", "@example.com", "j ohn@example.com", "a@b@example.com"):
            with self.subTest(typed):
                self.ask(typed)
                self.assertEqual(self.here.status, 400)
                self.assertEqual(
                    self.here.page.alerts, ["Please type an address such as you@example.com."]
                )
                form = next(form for form in self.here.page.forms if "email" in form.names)
                self.assertEqual(form.fields["email"], typed)
        self.ask("x" * 120 + "@example.com")
        self.assertEqual(self.here.status, 400)
        self.assert_no_letter()

    def test_only_so_many_letters_go_out_in_a_day(self):
        clock = Clock(self)
        for _ in range(MAX_CONFIRMING):
            self.link("victim@example.com")
        susan = self.ask("victim@example.com", self.browser(self.susan))
        self.assertEqual((susan.status, susan.page.alerts), (429, [TOO_MANY]))
        self.ask("other@example.com")
        self.assertEqual((self.here.status, self.here.page.alerts), (429, [TOO_MANY]))
        self.assert_no_letter()
        clock.move(days=1)
        self.here = self.browser(self.john)
        self.link("victim@example.com")
        self.assertEqual(self.count(MailedLink), 1)

    def test_two_users_may_share_one(self):
        self.confirm("home@example.com")
        self.here = self.browser(self.susan)
        self.confirm("home@example.com")
        self.assertEqual(self.count(ConfirmedEmail), 2)

    def test_without_a_mail_server_it_is_kept_unconfirmed(self):
        self.confirm("old@example.com")
        with mock.patch.dict(self.app.config, MAIL_SERVER=""):
            self.ask("avatar@example.com")
            self.assertEqual(self.here.page.statuses, ["Your e-mail address is saved."])
            self.assertIn("This site writes no letters", self.here.page.words)
        self.assertIsNone(self.address())
        self.assertEqual(db.session.get(User, self.john.id).email, "avatar@example.com")
        self.assert_no_letter()

    def test_a_change_asks_who_it_is_and_keeps_what_was_typed(self):
        browser = self.join("miguel", "miguel@example.com")
        clock = Clock(self)
        clock.move(minutes=11)
        self.ask("new@example.com", browser)
        self.assertEqual(browser.path, "/openid/sign-in")
        browser.submit(password="correct horse battery")
        self.assertEqual(browser.path, "/settings/account")
        form = next(form for form in browser.page.forms if "email" in form.names)
        self.assertEqual(form.fields["email"], "new@example.com")
        self.assertEqual(self.count(MailedLink), 0)
        browser.submit(email="new@example.com")
        self.assertEqual(browser.page.statuses, SENT)
        clock.move(minutes=11)
        browser.get("/settings/account")
        browser.submit(button="Remove my address")
        self.assertEqual(browser.path, "/openid/sign-in")

    def test_the_page_of_a_link_tells_its_address_to_nobody(self):
        path = self.link()
        browser = self.browser()
        browser.get(path)
        headers = browser.response.headers
        self.assertEqual(headers["Referrer-Policy"], "strict-origin")
        self.assertEqual(headers["Cache-Control"], "no-store")

    def test_a_stolen_row_opens_nothing(self):
        path = self.link()
        link = MailedLink.find(CONFIRM, path.partition("=")[2])
        kept = db.session.execute(sa.select(*MailedLink.__table__.columns)).one()
        self.assertNotIn(path.partition("=")[2], kept)
        self.assert_ended(f"/settings/account/email/confirm?token={link.token_hash}")


class LettersAboutWaysInTests(EmailCase):
    def setUp(self):
        super().setUp()
        self.miguel = self.join("miguel")
        self.user = User.find("miguel")
        MailedLink.confirm(MailedLink.to_confirm(self.user.id, "miguel@example.com"))

    def own_sign_in(self, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser()
        browser.get("/login")
        browser.ask_own_provider()
        browser.submit(username="miguel", password="correct horse battery")
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        return browser

    def test_an_openid_was_added(self):
        other = self.browser()
        other.join_provider("second")
        self.miguel.get("/settings/account")
        self.miguel.submit(openid=f"{SITE}/id/second")
        self.miguel.submit(username="second", password="correct horse battery")
        text = self.text("miguel@example.com")
        self.assertIn(f"sign in as miguel with {SITE}/id/second too", " ".join(text.split()))

    def test_a_sign_in_from_a_new_browser_unless_switched_off(self):
        other = self.own_sign_in()
        self.assertIn("signed in as miguel just now", self.text("miguel@example.com"))
        # Known by then, whoever signs out of it.
        for browser in (other, self.miguel):
            browser.get("/")
            browser.submit(button="Sign out")
            self.own_sign_in(browser)
        self.assert_no_letter()
        other.get("/settings/account")
        form = next(form for form in other.page.forms if "browsers" in form.names)
        self.assertEqual(form.fields["browsers"], "y")
        other.post("/settings/account/email/letters", {"csrf_token": other.token()})
        self.assertEqual(other.page.statuses, ["Your changes have been saved."])
        self.own_sign_in()
        self.assert_no_letter()
        other.get("/settings/account")
        other.submit(browsers="y")
        self.own_sign_in()
        self.letter("miguel@example.com")

    def test_a_mark_of_somebody_else_makes_no_browser_familiar(self):
        of_ana = self.join("ana").cookie("been-here").value
        for value in ("", "1", str(self.user.id), "0" * 32, "~" * 300, of_ana):
            with self.subTest(value):
                browser = self.browser()
                browser.client.set_cookie("been-here", value, domain="127.0.0.1")
                self.own_sign_in(browser)
                self.letter("miguel@example.com")

    def test_nobody_is_told_without_a_confirmed_address(self):
        self.join("ana", "ana@example.com")
        browser = self.browser()
        browser.get("/login")
        browser.ask_own_provider()
        browser.submit(username="ana", password="correct horse battery")
        self.assertEqual(browser.page.heading, "Hi, ana!")
        self.assertLess(User.find("ana").joined, now() + timedelta(seconds=1))
        self.assert_no_letter()
