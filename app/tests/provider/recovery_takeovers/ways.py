"""By addresses, pages, sessions and other people."""

import html
import re

import sqlalchemy as sa

from app import db
from app.models import SignIn
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.people.letters import path_in
from app.tests.support.people.recovery import NEW_PASSWORD
from app.tests.support.people.takeovers import EVIL, FOREIGN, RecoveryTakeoverCase


class OtherWayTakeoverTests(RecoveryTakeoverCase):
    """With addresses, hosts, sessions and forms."""

    def test_no_attempt_gets_in(self):
        self.assert_none_gets_in(17)

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

    def address_of_a_thief(self, thief: Browser | None = None) -> str:
        """Ask to confirm an address with a stolen session, and return the path in the letter."""
        thief = thief or self.browser().take_cookies(self.miguel, "session")
        thief.get(SITE + "/settings/account")
        thief.submit(email="thief@example.com")
        path = path_in(self.text("thief@example.com"))
        self.token(path)
        return path

    def by_an_address_from_before_all_browsers_were_signed_out(self):
        path = self.address_of_a_thief()
        self.miguel.get(SITE + "/settings/account")
        self.miguel.submit(button="Sign out everywhere")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_an_address_from_before_her_browser_was_signed_out(self):
        thief = self.own_sign_in()
        self.letter("miguel@example.com")
        path = self.address_of_a_thief(thief)
        there = db.session.scalar(sa.select(sa.func.max(SignIn.id)))
        self.miguel.get(SITE + "/settings/account")
        token = {"csrf_token": self.miguel.token()}
        self.miguel.post(f"/settings/account/sign-ins/{there}/end", token)
        self.assertEqual(self.miguel.page.statuses, ["That browser is signed out."])
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_an_address_from_before_a_new_password(self):
        path = self.address_of_a_thief()
        self.miguel.get(SITE + "/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_an_address_from_before_a_new_password_by_mail(self):
        path = self.address_of_a_thief()
        self.choose(self.link())
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_referer(self):
        path = self.link()
        yield
        browser = self.browser()
        browser.get(path)
        self.assertEqual(browser.response.headers["Referrer-Policy"], "strict-origin")
        self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
        loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', browser.text)
        self.assertTrue(all(url.startswith(("/", "data:")) for url in loaded), loaded)
