"""No provider signs anybody in as somebody else."""

import base64
from urllib.parse import parse_qs, urlencode, urlsplit

from openid.association import Association
from openid.message import OPENID2_NS

from app.models import User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.openid.victims import OWN, OWN_ENDPOINT, TakeoverCase


class TakeoverTests(TakeoverCase):
    def test_nobody_becomes_somebody_else_whatever_a_provider_says(self):
        attempts = list(self.attempts())
        self.assertGreaterEqual(len(attempts), 25)
        for name, typed, tricks in attempts:
            with self.subTest(name):
                browser = self.attack(typed, tricks)
                self.assertIn(browser.status, {200, 400})
                self.assert_no_takeover()

    def test_an_assertion_of_mere_details_makes_a_user_of_its_own(self):
        browser = self.attack(
            self.provider.origin + "/", {"nickname": "victim", "email": "victim@example.com"}
        )
        self.assertEqual(browser.page.heading, "Hi, victim3!")
        self.assert_no_takeover()
        self.assertEqual(User.of_identifier(self.provider.origin + "/id/susan").nickname, "victim3")

    def test_a_secret_made_with_our_own_provider_signs_nothing(self):
        browser = self.browser()
        made = browser.post(
            "/openid",
            {
                "openid.ns": OPENID2_NS,
                "openid.mode": "associate",
                "openid.assoc_type": "HMAC-SHA256",
                "openid.session_type": "no-encryption",
            },
        )
        if made.status_code == 200:
            told = dict(line.split(":", 1) for line in made.text.splitlines())
            association = Association.fromExpiresIn(
                3600, told["assoc_handle"], base64.b64decode(told["mac_key"]), "HMAC-SHA256"
            )
            self.provider._store.storeAssociation("http://localhost/|normal", association)
            handle = {"openid.assoc_handle": told["assoc_handle"]}
            browser = self.begin()
            parts = urlsplit(browser.url)
            asked = {k: v[0] for k, v in parse_qs(parts.query).items()} | handle
            self.provider.lies = {"claimed_id": OWN, "identity": OWN, "op_endpoint": OWN_ENDPOINT}
            browser.get(self.provider.visit(self.provider.endpoint, asked).url)
            self.assertEqual(browser.page.alerts, [PROBLEMS["invalid"]])
        self.assert_no_takeover()

    def test_our_own_provider_says_nothing_of_an_identity_to_another_account(self):
        for version, changes in [
            ("two identities", {"openid.claimed_id": OWN, "openid.identity": SITE + "/id/mallory"}),
            ("the victim's", {"openid.claimed_id": OWN, "openid.identity": OWN}),
            ("OpenID 1.1", {"openid.identity": OWN, "openid.ns": "http://openid.net/signon/1.1"}),
        ]:
            with self.subTest(version):
                browser = self.browser()
                browser.get("/login")
                browser.ask_own_provider()
                asked = next(v for v in browser.visited if "openid.mode=checkid" in v)
                query = {k: v[0] for k, v in parse_qs(urlsplit(asked).query).items()}
                browser.get("/openid/join")
                browser.post(
                    "/openid/join",
                    {
                        "csrf_token": browser.token(),
                        "username": f"mallory{self.count(User)}",
                        "password": PASSWORD,
                    },
                )
                browser.get(f"/openid?{urlencode(query | changes)}")
                self.assertIn(browser.path, {"/openid", "/openid/sign-in"})
                self.assert_no_takeover()
