"""The session of a browser, which begins anew with each sign-in."""

from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, SITE, JoinMixin, PeopleTestCase


class FreshSessionTests(JoinMixin, PeopleTestCase):
    """Of the session before a sign-in nothing is left, whoever made it."""

    PLANTED = ("planted", "newcomer", "typed", "requests", "_flashes", "_remember")

    def plant(self, browser) -> None:
        with browser.client.session_transaction(base_url=SITE) as session:
            for key in self.PLANTED:
                session[key] = [["x", "planted"]]
            session["csrf_token"] = "planted"

    def kept(self, browser) -> dict:
        with browser.client.session_transaction(base_url=SITE) as session:
            return dict(session)

    def test_at_this_site(self):
        browser = self.join("miguel")
        browser.submit(button="Sign out")
        browser.get("/openid/sign-in")
        browser.submit(username="miguel", password=PASSWORD)
        browser.get("/login")
        before = self.kept(browser)
        self.plant(browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            session["csrf_token"] = before["csrf_token"]
        browser.ask_own_provider()
        self.assertEqual((browser.status, browser.page.heading), (200, "Hi, miguel!"))
        after = self.kept(browser)
        self.assertEqual(set(after), {"_user_id", "account", "csrf_token"})
        self.assertNotEqual(after["csrf_token"], before["csrf_token"])
        self.assertNotIn("planted", browser.text)

    def test_at_our_provider(self):
        self.join("miguel")
        browser = self.browser(self.john)
        browser.get("/openid/sign-in")
        before = self.kept(browser)
        self.plant(browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            session["csrf_token"] = before["csrf_token"]
            session["account"] = "planted"
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual(browser.path, "/openid")
        after = self.kept(browser)
        self.assertEqual(set(after), {"_user_id", "account", "csrf_token"})
        self.assertEqual(after["_user_id"], before["_user_id"])
        self.assertNotEqual(after["account"], "planted")
        self.assertNotEqual(after["csrf_token"], before["csrf_token"])

    def test_nothing_is_left_after_signing_out(self):
        browser = self.join("miguel")
        before = self.kept(browser)
        self.plant(browser)
        with browser.client.session_transaction(base_url=SITE) as session:
            session["csrf_token"] = before["csrf_token"]
            session["sign_ins"] = [["state", False, None, None, {}]]
        browser.submit(button="Sign out")
        self.assertEqual(browser.path, "/login")
        # The form there has a token, and what was said is said.
        self.assertEqual(set(self.kept(browser)), {"csrf_token"})
        self.assertNotIn("planted", browser.text)
        self.assertNotEqual(self.kept(browser)["csrf_token"], before["csrf_token"])
        self.assertEqual(self.count(AccountSignIn), 0)
