"""The ways of honest providers, all of which sign in."""

from app import db
from app.models import User
from app.tests.support.base import SITE
from app.tests.support.openid.second_provider import SHA1, SHA256, Reply
from app.tests.support.openid.signing_in import SecondProviderCase


class StyleTests(SecondProviderCase):
    def assert_signs_in(self, typed: str, identifier: str) -> User:
        browser = self.sign_in(self.provider.origin + typed)
        self.assertTrue(browser.page.heading.startswith("Hi, "), browser.page.alerts)
        db.session.rollback()
        user = User.of_identifier(identifier)
        self.assertEqual(browser.page.heading, f"Hi, {user.nickname}!")
        return user

    def test_every_way_to_be_found_and_to_be_trusted_signs_in(self):
        origin = self.provider.origin
        for associations in ([SHA1], [SHA256], [SHA256, SHA1], []):
            for typed, identity in [
                ("/", "/id/susan"),
                ("/id/a", "/id/a"),
                ("/html/a", "/html/a"),
                ("/yadis/a", "/yadis/a"),
                ("/old/a", "/old/a"),
                ("/redirecting/a", "/id/a"),
                ("/delegating", "/delegating"),
            ]:
                with self.subTest(associations=associations, typed=typed):
                    self.provider.reset()
                    self.provider.associations = associations
                    self.empty_database()
                    self.assert_signs_in(typed, origin + identity)
                    modes = [asked.fields.get("openid.mode") for asked in self.provider.requests]
                    # No secret is shared, so that none can be stolen.
                    self.assertEqual(modes.count("check_authentication"), 1)
                    self.assertNotIn("associate", modes)

    def test_a_provider_that_names_a_secret_to_forget_is_believed_all_the_same(self):
        self.provider.lies = {"invalidate_handle": "x"}
        self.assertEqual(self.sign_in().page.heading, "Hi, susan!")

    def test_a_fragment_tells_one_owner_of_an_address_from_the_next(self):
        origin, users = self.provider.origin, set()
        for identity in ("/id/susan#1", "/id/susan#2", "/id/susan"):
            self.provider.chosen = identity
            users.add(self.assert_signs_in("/", origin + identity).id)
        self.assertEqual(len(users), 3)

    def test_an_address_of_ones_own_may_delegate_to_an_account_here(self):
        browser = self.browser()
        browser.join_provider("susan")
        page = self.provider.links(SITE + "/id/susan").replace(
            self.provider.endpoint, SITE + "/openid"
        )
        self.provider.pages["/me"] = Reply(page)
        self.begin(self.provider.origin + "/me", browser)
        self.assertEqual(browser.page.heading, "Hi, susan!")
        db.session.rollback()
        self.assertIsNotNone(User.of_identifier(self.provider.origin + "/me"))
        self.assertIsNone(User.of_identifier(SITE + "/id/susan"))

    def test_details_arrive_in_either_extension_and_may_be_garbled(self):
        told = ("susan", "susan@elsewhere.example")
        for name, extensions, lies, expected in [
            ("both", {"sreg", "ax"}, {}, told),
            ("SReg", {"sreg"}, {}, told),
            ("AX", {"ax"}, {}, told),
            ("AX of a strange mode", {"ax"}, {"ax.mode": "x"}, None),
            ("AX without a type", {"ax"}, {"ax.type.ext0": None}, None),
            ("AX that cannot count", {"ax"}, {"ax.count.ext0": "x"}, None),
            ("AX that miscounts", {"ax"}, {"ax.count.ext0": "99999"}, None),
            ("AX of an odd alias", {"ax"}, {"ax.type.a.b": "x"}, None),
            ("garbled AX beside SReg", {"sreg", "ax"}, {"ax.count.ext0": "x"}, None),
            ("a line of zeros", {"sreg"}, {"sreg.nickname": "\x00" * 9}, ("susan", told[1])),
            ("odd addresses", {"sreg"}, {"sreg.email": "@,\x00"}, ("susan", None)),
            ("a long address", {"sreg"}, {"sreg.email": "s@" + "x" * 200}, ("susan", None)),
        ]:
            with self.subTest(name):
                self.provider.reset()
                self.provider.extensions, self.provider.lies = extensions, lies
                self.empty_database()
                browser = self.sign_in()
                if expected is None:
                    self.assertIn(browser.page.heading, {"Choose a nickname", "Hi, susan!"})
                else:
                    user = User.of_identifier(self.provider.origin + "/id/susan")
                    self.assertEqual((user.nickname, user.email), expected)

    def test_details_that_are_not_signed_are_not_believed(self):
        self.provider.extensions = set()
        sreg = "http://openid.net/extensions/sreg/1.1"
        self.provider.forgeries = {"ns.sreg": sreg, "sreg.nickname": "mallory"}
        self.assertEqual(self.sign_in().page.heading, "Choose a nickname")
