"""Attempts to get at somebody's account through letters; none of them may succeed."""

import html
import re
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import ConfirmedEmail, Identity, MailedLink, Suspension, User
from app.models.moderation.decisions import Decision, decide
from app.models.moderation.reports import Thing
from app.provider.models import Account
from app.tests.support.base import PASSWORD, SITE, Browser, folder
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.letters import path_in
from app.tests.support.people.recovery import NEW_PASSWORD, RecoveryCase

EVIL = "evil plans of mallory"
FOREIGN = {"Origin": "http://evil.example", "Referer": "http://evil.example/"}


class RecoveryTakeoverTests(ConcurrencyCase, RecoveryCase):
    """mallory, who has an account and an address of her own, wants to be miguel.

    An attempt yields when its scene is set: from then on nothing of miguel's may change.
    """

    def setUp(self):
        super().setUp()
        self.mallory = self.join("mallory")
        self.confirm("mallory", "mallory@example.com")
        self.tokens: set[str] = set()

    def test_no_attempt_gets_in(self):
        attempts = [getattr(self, name) for name in dir(self) if name.startswith("by_")]
        self.assertGreaterEqual(len(attempts), 30)
        for attempt in attempts:
            with self.subTest(attempt.__name__):
                self.doCleanups()
                self.setUp()
                steps: Iterator = attempt()
                next(steps)
                before = self.state()
                self.assertIsNone(next(steps, None))
                self.assertEqual(self.state(), before)
                self.assert_not_in()
                self.assert_nothing_leaked()

    def state(self) -> tuple:
        db.session.rollback()
        account = db.session.scalar(sa.select(Account).where(Account.username_key == "miguel"))
        user = User.find("miguel")
        return (
            account and (account.password_hash, account.deleted),
            user and (user.email, sorted(user.identifiers())),
            [email.address for email in db.session.scalars(sa.select(ConfirmedEmail))]
            if user is None
            else getattr(ConfirmedEmail.of(user.id), "address", None),
            self.count(User),
            self.count(Identity),
        )

    def assert_not_in(self) -> None:
        self.assertNotEqual(self.own_sign_in(EVIL).page.heading, "Hi, miguel!")
        self.mallory.get(SITE + "/")
        self.assertNotEqual(self.mallory.page.heading, "Hi, miguel!")

    def assert_nothing_leaked(self) -> None:
        log = (folder() / "test.log").read_text() if (folder() / "test.log").exists() else ""
        for token in self.tokens:
            self.assertNotIn(token, log)

    def token(self, path: str) -> str:
        token = path.partition("token=")[2]
        self.assertRegex(token, "^[A-Za-z0-9_-]{22}$")
        self.tokens.add(token)
        return token

    def link(self, typed: str = "miguel", address: str = "miguel@example.com") -> str:
        path = super().link(typed, address)
        self.token(path)
        return path

    def evil(self, path: str, browser: Browser | None = None, **more) -> Browser:
        """Open a link, and send what its page would, whatever the page says."""
        browser = browser or self.browser()
        browser.get(path)
        if not browser.page.forms:
            browser.get("/login")
        form = {"csrf_token": browser.token(), "password": EVIL, "username": "miguel", **more}
        browser.post(path, form)
        return browser

    # Tokens

    def by_a_used_link(self):
        path = self.link()
        self.choose(path)
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_the_same_link_twenty_times_at_once(self):
        path = self.link()
        browsers = [self.browser() for _ in range(20)]
        for browser in browsers:
            browser.get(path)
        self.at_once(partial(browser.submit, password=NEW_PASSWORD) for browser in browsers)
        self.assertEqual([browser.path for browser in browsers].count("/login"), 1)
        self.letter("miguel@example.com")
        yield

    def by_an_old_link(self):
        path = self.link()
        self.clock.move(minutes=30)
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_page_that_was_open_too_long(self):
        path = self.link()
        browser = self.browser()
        browser.get(path)
        self.clock.move(minutes=30)
        yield
        browser.submit(password=EVIL)
        self.assertEqual(browser.status, 410)

    def by_a_link_of_another_kind(self):
        self.miguel.get("/settings/account")
        self.miguel.submit(email="other@example.com")
        token = self.token(path_in(self.text("other@example.com")))
        yield
        self.assertEqual(self.evil(f"/openid/recover?token={token}").status, 410)

    def by_a_way_back_that_is_taken_to_confirm(self):
        token = self.token(self.link())
        yield
        path = f"/settings/account/email/confirm?token={token}"
        self.assertEqual(self.evil(path, email="mallory@example.com").status, 410)

    def by_the_row_of_the_database(self):
        self.link()
        row = db.session.scalar(sa.select(MailedLink).order_by(MailedLink.id.desc()))
        hashed = row.token_hash
        yield
        self.assertEqual(self.evil(f"/openid/recover?token={hashed}").status, 410)

    def by_tokens_that_are_nearly_right(self):
        token = self.token(self.link())
        yield
        for wrong in (
            "",
            "x",
            token[:-1],
            token + "x",
            token.swapcase(),
            token + "\0",
            "%00",
            "null",
            "' OR 1=1 --",
            "%25",
            "x" * 4000,
        ):
            self.assertEqual(self.evil(f"/openid/recover?token={wrong}").status, 410, wrong)

    def by_her_own_link_with_his_name(self):
        path = self.link("mallory", "mallory@example.com")
        yield
        self.evil(path, username="miguel", account="miguel", account_id="1", user_id="1")
        self.letter("mallory@example.com")

    def by_two_tokens(self):
        token = self.token(self.link())
        own = self.token(self.link("mallory", "mallory@example.com"))
        yield
        # The first counts, and nothing in the form.
        self.evil(f"/openid/recover?token={own}&token={token[:-1]}", token=token)
        self.letter("mallory@example.com")

    # What a link stands on

    def by_a_link_from_before_a_new_password(self):
        path = self.link()
        self.miguel.get("/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_from_before_a_reset(self):
        path = self.link()
        self.run_command("account", "reset", "miguel")
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_to_an_address_that_was_changed(self):
        path = self.link()
        self.confirm("miguel", "new@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_to_an_address_that_was_removed(self):
        path = self.link()
        self.miguel.get("/settings/account")
        self.miguel.submit(button="Remove my address")
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_an_address_that_is_his_no_more(self):
        self.confirm("miguel", "new@example.com")
        yield
        self.ask("miguel@example.com")
        self.assert_nothing_comes()

    def by_an_account_that_is_no_way_in_any_more(self):
        path = self.link()
        user = User.find("miguel")
        user.add_identity("https://miguel.example.com/")
        own = sa.select(Identity.id).where(Identity.identifier == f"{SITE}/id/miguel")
        user.delete_identity(db.session.scalar(own))
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.ask("miguel")
        self.assert_nothing_comes()

    def by_a_link_of_somebody_who_left(self):
        path = self.link()
        Account.find("miguel").delete_with(User.find("miguel"))
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.ask("miguel")
        self.ask("miguel@example.com")
        self.assert_nothing_comes()

    def by_a_user_who_left_where_nobody_joins(self):
        path = self.link()
        User.find("miguel").delete()
        self.app.config["JOIN"] = "closed"
        self.addCleanup(self.app.config.update, JOIN="open")
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.own_sign_in()

    def by_a_new_password_while_suspended(self):
        path = self.link()
        moderator = self.john
        with writing():
            moderator.role = "moderator"
        decide(Decision("suspend", Thing(User.find("miguel").id), "Too loud.", 3), moderator)
        self.choose(path)
        self.letter("miguel@example.com")
        yield
        browser = self.own_sign_in(NEW_PASSWORD)
        self.assertEqual(browser.path, "/suspended")
        self.assertTrue(Suspension.of(User.find("miguel").id))

    # What is typed, and what requests say of themselves

    def by_a_host_of_hers(self):
        yield
        for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
            browser = self.browser()
            browser.get("/openid/forgotten")
            form = {"csrf_token": browser.token(), "account": "miguel"}
            browser.post("/openid/forgotten", form, headers=headers)
        text = self.text("miguel@example.com")
        self.assertNotIn("evil", text)
        self.token(path_in(text))

    def by_two_addresses_in_one(self):
        yield
        for typed in (
            "miguel@example.com,mallory@example.com",
            "miguel@example.com mallory@example.com",
            "miguel@example.com\nBcc: mallory@example.com",
            "miguel@example.com%0d%0aBcc:mallory@example.com",
            "<miguel@example.com>,mallory@example.com",
            "miguel, mallory@example.com",
        ):
            self.ask(typed)
        self.assert_nothing_comes()

    def by_an_address_that_looks_like_his(self):
        # Their lower case is the same, and they are two mailboxes.
        self.confirm("miguel", "mikuel@example.com")
        self.confirm("mallory", "mi\u212auel@example.com")
        yield
        self.ask("mikuel@example.com")
        first, second = (self.box.letters.get(timeout=120) for _ in range(2))
        texts = {e.rcpt_tos[0]: html.unescape(e.content.decode()) for e in (first, second)}
        self.assertIn("miguel", texts["mikuel@example.com"])
        self.assertNotIn("account miguel", texts["mi\u212auel@example.com"])
        links = re.findall("token=([A-Za-z0-9_-]{22})", texts["mi\u212auel@example.com"])
        for token in links:
            self.evil(f"/openid/recover?token={token}")

    def by_his_address_as_hers(self):
        self.confirm("mallory", "miguel@example.com")
        yield
        self.ask("miguel@example.com", self.mallory)
        self.token(self.text("miguel@example.com").partition("recover?")[2][:28])
        self.assert_nothing_comes()

    def by_an_address_that_only_a_provider_told(self):
        self.join("eve", "miguel@example.com")
        yield
        self.ask("eve")
        self.assert_nothing_comes()

    def by_a_link_that_is_only_looked_at(self):
        path = self.link()
        yield
        client = self.app.test_client()
        for method in ("get", "head", "options"):
            with self.app.app_context():
                getattr(client, method)(f"{path}&password={EVIL}", base_url=SITE)

    def by_another_place_to_go_then(self):
        path = self.link()
        self.choose(path + "&next=//evil.example/")
        self.letter("miguel@example.com")
        yield
        browser = self.browser()
        browser.get(path + "&next=https://evil.example/")
        self.assertNotIn("evil", browser.text)

    # Browsers and sessions

    def by_a_session_that_she_planted(self):
        planted = self.browser()
        planted.get("/openid/forgotten")
        path = self.link()
        his = self.browser().take_cookies(planted, "session")
        self.choose(path, his)
        self.letter("miguel@example.com")
        yield
        for browser in (planted, self.browser().take_cookies(his, "session")):
            browser.get("/edit")
            self.assertEqual(browser.path, "/login")

    def by_forms_of_another_site(self):
        path = self.link()
        yield
        for where, form in (
            (path, {"password": EVIL}),
            ("/settings/account/email", {"email": "mallory@example.com"}),
            ("/settings/account/email/remove", {}),
            ("/settings/account/email/letters", {}),
        ):
            self.miguel.post(SITE + where, form, headers=FOREIGN)
            self.assertEqual(self.miguel.status, 400)
        self.assert_nothing_comes()

    def by_links_to_what_is_posted(self):
        yield
        for where in ("", "/remove", "/letters"):
            self.miguel.get(f"{SITE}/settings/account/email{where}?email=mallory@example.com")
            self.assertEqual(self.miguel.status, 405)
        self.assert_nothing_comes()

    def by_a_stolen_session(self):
        thief = self.browser().take_cookies(self.miguel, "session")
        self.clock.move(minutes=11)
        yield
        for where, form in (("", {"email": "mallory@example.com"}), ("/remove", {})):
            thief.get(SITE + "/settings/account")
            token = {"csrf_token": thief.token()}
            thief.post(f"{SITE}/settings/account/email{where}", token | form)
            self.assertEqual(thief.path, "/openid/sign-in")
        self.assert_nothing_comes()

    def by_a_confirmation_that_was_left_open(self):
        # Of an address that was to be miguel's, before he thought better of it.
        self.miguel.get("/settings/account")
        self.miguel.submit(email="mallory@example.com")
        path = path_in(self.text("mallory@example.com"))
        self.token(path)
        browser = self.browser()
        browser.get(path)
        self.miguel.get("/settings/account")
        self.miguel.submit(email="miguel@example.com")
        self.letter("miguel@example.com")
        yield
        browser.submit(button="Yes, it is mine")
        self.assertEqual(browser.status, 410)

    def by_a_referer(self):
        path = self.link()
        yield
        browser = self.browser()
        browser.get(path)
        self.assertEqual(browser.response.headers["Referrer-Policy"], "strict-origin")
        self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
        loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', browser.text)
        self.assertTrue(all(url.startswith(("/", "data:")) for url in loaded), loaded)
