"""What other sites may ask of our provider, and whom it lets in."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from app.provider.models import Account
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.openid.relying_party import (
    MIGUEL,
    QUESTION,
    REALM,
    REFUSED,
    RETURN_TO,
    ProviderCase,
)
from app.tests.support.openid.second_provider import AX_URIS


class HostileRequestTests(ProviderCase):
    RETURNS = [
        (REALM, "javascript:alert(1)"),
        (REALM, "data:text/html,x"),
        (REALM, "ftp://192.0.2.7/"),
        (REALM, "//192.0.2.7/"),
        (REALM, "/return"),
        (REALM, "return"),
        (REALM, ""),
        (REALM, None),
        (None, None),
        (REALM, "http://"),
        (REALM, "http://["),
        (REALM, "https://192.0.2.7/"),
        (REALM, "http://192.0.2.7:81/"),
        (REALM, "http://192.0.2.70/"),
        (REALM, "http://evil.example/"),
        (REALM, "http://192.0.2.7.evil.example/"),
        (REALM, "http://192.0.2.7@evil.example/"),
        (REALM, "http://192.0.2.7:80@evil.example/"),
        (REALM, "http://192.0.2.7\\@evil.example/"),
        (REALM, "http://evil.example\\@192.0.2.7/"),
        (REALM, "http://evil.example#@192.0.2.7/"),
        (SITE + "/", "http://127.0.0.1:5000@evil.example/"),
        (SITE + "/", "http://127.0.0.1:5000.evil.example/"),
        (SITE + "/", "http://127.0.0.1:5001/"),
        (SITE + "/", "javascript:alert(1)"),
        ("http://*.2.7/", RETURN_TO),
        ("http://*.example.com/", "http://www.example.com/"),
        ("http://*/", RETURN_TO),
        ("http://192.0.2.7/#x", RETURN_TO),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("x", RETURN_TO),
    ]

    def test_nobody_is_sent_on_to_where_a_request_must_not_lead(self):
        for who, browser in [("signed out", self.browser()), ("signed in", self.member())]:
            for realm, return_to in self.RETURNS:
                for mode in ("checkid_setup", "checkid_immediate"):
                    with self.subTest(who, realm=realm, return_to=return_to, mode=mode):
                        browser.get(
                            SITE + self.message(realm=realm, return_to=return_to, mode=mode)
                        )
                        self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))

    def test_a_line_break_in_an_address_is_sent_nowhere(self):
        browser = self.member()
        for return_to in (REALM + "\nX: y", REALM + "\r\nX: y", REALM + "?a=\n", REALM + "\x00"):
            for button in ("allow", "deny"):
                with self.subTest(return_to=return_to, button=button):
                    browser.get(SITE + self.message(return_to=return_to))
                    if browser.status == 200:
                        browser.post(browser.url, {"csrf_token": browser.token(), button: "yes"})
                    if browser.response is None:
                        self.assertTrue(browser.url.startswith(REALM))
                        self.assertNotRegex(browser.url, r"[\r\n\x00]")
                    else:
                        self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))

    def test_two_identities_cannot_be_mixed(self):
        self.member("ingrid")
        browser = self.member()
        browser.get(SITE + self.message(claimed_id=SITE + "/id/ingrid", identity=MIGUEL))
        self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))

    CRAFTED = [
        *({"ns": ns} for ns in ("", "x", "http://[", "a\nb", "\x00", "x" * 5000)),
        *({"mode": mode} for mode in ("", "x", "associate", "check_authentication", "id_res")),
        *({"identity": name, "claimed_id": name} for name in ("", "x", "http://[", "\x00", "=x")),
        {"identity": None},
        {"claimed_id": None},
        {"identity": None, "claimed_id": None},
        {"identity": "a\nb", "claimed_id": "a\nb"},
        {"assoc_handle": "\x00"},
        {"assoc_handle": "x" * 5000},
        {"assoc_handle": "a\nb"},
        {"ns": "http://openid.net/signon/1.1"},
        {"ns": "http://openid.net/signon/1.1", "trust_root": "http://["},
        {"ns.sreg": "x"},
        {"ns.sreg": "http://openid.net/extensions/sreg/1.1", "sreg.required": ",,x,\x00"},
        {"ns.ext": "http://openid.net/extensions/sreg/1.1", "sreg.required": "email"},
        *(
            {"ns.ax": "http://openid.net/srv/ax/1.0", "ax.mode": "fetch_request", **more}
            for more in (
                {},
                {"ax.required": "x"},
                {"ax.required": "x", "ax.type.x": "y", "ax.count.x": "z"},
                {"ax.required": "x", "ax.type.x": "y", "ax.count.x": "-1"},
                {"ax.required": "x,x", "ax.type.x": "\n"},
                {"ax.required": "x", "ax.type.x": "y", "ax.update_url": "http://["},
                {"ax.required": "x", "ax.type.x": AX_URIS["email"], "ax.count.x": "unlimited"},
                {
                    "ax.required": "a,b",
                    "ax.type.a": AX_URIS["email"],
                    "ax.type.b": AX_URIS["email"],
                },
            )
        ),
        {"ns.ax": "http://openid.net/srv/ax/1.0", "ax.mode": "store_request"},
        {"ns.x.y": "z"},
        {"ns.openid": "x"},
        {"": "x"},
        {"return_to": REALM + "x" * 9000},
        {"return_to": REALM + "é%ff"},
        {"realm": REALM + "x" * 9000, "return_to": REALM + "x" * 9000},
    ]

    def test_no_request_of_a_visitor_breaks_the_endpoint(self):
        for who, browser in [("signed out", self.browser()), ("signed in", self.member())]:
            for fields in self.CRAFTED:
                for mode in ("checkid_setup", "checkid_immediate"):
                    with self.subTest(who, fields=str(fields)[:120], mode=mode):
                        browser.get(SITE + self.message(**{"mode": mode, **fields}))
                        if browser.response is not None and browser.page.heading == QUESTION:
                            token = browser.token()
                            browser.post(browser.url, {"csrf_token": token, "allow": "yes"})
                        if browser.response is not None:
                            self.assertLess(browser.status, 500)
                            self.assertTrue(browser.text)
                        else:
                            self.assertTrue(browser.url.startswith(REALM), browser.url)

    def test_an_odd_address_of_the_endpoint_breaks_nothing(self):
        browser = self.member()
        for query in ("?", "?x=y", "?openid.mode", "?openid.=x", "?%ff=%ff", "?openid=x", "?&&=="):
            with self.subTest(query):
                browser.get("/openid" + query)
                self.assertIn(browser.status, {200, 400})
        for path in ("/openid/consent", "/openid/sign-in", "/openid/join"):
            for token in ("x", "\x00", "", "é" * 300):
                with self.subTest(path, token=token):
                    browser.get(f"{path}?{urlencode({'request': token})}")
                    self.assertLess(browser.status, 500)


class DoorTests(ProviderCase):
    """What another site's form may and may not do, and what the settings close."""

    def test_a_foreign_form_may_ask_but_not_join_sign_in_or_consent(self):
        browser = self.member()
        client = browser.client
        headers = {"Origin": "http://192.0.2.7", "Referer": REALM}
        asked = dict(parse_qsl(urlsplit(self.message()).query))
        response = client.post("/openid", data=asked, headers=headers, base_url=SITE)
        self.assertEqual(response.status_code, 303)
        question = response.headers["Location"]
        browser.get(SITE + question)
        self.assertEqual(browser.page.heading, QUESTION)
        for path, fields in [
            (question, {"allow": "yes"}),
            (question, {"deny": "yes"}),
            ("/openid/join", {"username": "mallory", "password": PASSWORD}),
            ("/openid/sign-in", {"username": "miguel", "password": PASSWORD}),
        ]:
            with self.subTest(path, fields=fields):
                response = client.post(path, data=fields, headers=headers, base_url=SITE)
                self.assertEqual(response.status_code, 400)
        self.assertEqual(self.count(Account), 1)
        browser.submit(button="Allow")
        self.assertTrue(browser.url.startswith(RETURN_TO))

    def test_closed_takes_no_new_accounts_and_serves_the_old_ones(self):
        self.member()
        self.app = self.make_app(PROVIDER="closed")
        browser = self.browser()
        browser.get("/openid/sign-in")
        self.assertNotIn("Make an account", browser.page.links)
        token = browser.token()
        browser.get("/openid/join")
        self.assertEqual((browser.status, browser.page.heading), (403, "No new accounts"))
        form = {"csrf_token": token, "username": "ingrid", "password": PASSWORD}
        browser.post("/openid/join", form)
        self.assertEqual(browser.status, 403)
        self.assertEqual(self.count(Account), 1)
        browser.get(self.ask())
        browser.submit(username="miguel", password=PASSWORD)
        browser.submit(button="Allow")
        self.assertEqual(self.verdict(browser).identity_url, MIGUEL)

    def test_off_there_is_no_provider_at_all(self):
        self.member()
        self.app = self.make_app(PROVIDER="off")
        browser = self.browser()
        for path in ("/openid", "/openid/join", "/openid/sign-in", "/openid/consent", "/id/miguel"):
            with self.subTest(path):
                browser.get(path)
                self.assertEqual(browser.status, 404)
        browser.get("/", headers={"Accept": "application/xrds+xml"})
        self.assertIn("2.0/return_to</Type>", browser.text)
        self.assertNotIn("2.0/server</Type>", browser.text)
