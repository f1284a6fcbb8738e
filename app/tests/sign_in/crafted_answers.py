"""Answers and targets made up by an attacker."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from app.models import User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE
from app.tests.support.openid.signing_in import SecondProviderCase


class CraftedAnswerTests(SecondProviderCase):
    """A real answer, spoilt in one way each, to a real request."""

    MISSING = """mode ns sig signed return_to op_endpoint response_nonce assoc_handle claimed_id
        identity sreg.nickname""".split()
    # Field by field, values that no honest provider sends.
    CHANGED = {
        "ns": ["", "x", "http://specs.openid.net/auth/3.0", "http://[", "\n", "\x00", "x" * 2000]
        + ["http://openid.net/signon/1.0", "http://openid.net/signon/1.1"],
        "mode": ["", "x", "Invalid", "error", "setup_needed", "id_res ", "\x00", "checkid_setup"],
        "return_to": ["", "http://[", "http://[::1", "x", "/login", "\x00", "javascript:alert(1)"]
        + ["http://evil.example/login", SITE + "/", "http://127.0.0.1:99999/login"],
        "response_nonce": ["", "x", "2005-13-45T99:99:99Zx", "0000-00-00T00:00:00Z", "\n", "\x00"]
        + ["9999-12-31T23:59:59Z", "2030-01-01T00:00:00Z" + "x" * 3000],
        "claimed_id": ["", "x", "http://[", "http://", "http://127.0.0.1:x/", "http:///", "\x00"]
        + ["http://10.0.0.1/", "data:,x", SITE + "/login?openid_complete=yes", "http://é/"],
        "signed": ["x,y,,z", "\n", "mode:mode", "mode," * 3000],
        "sreg.nickname": ["one\ntwo"],
        "sig": ["é", "\x00"],
        "assoc_handle": ["\x00", "x" * 3000],
        "op_endpoint": ["http://[", "\x00"],
        "ns.sreg": ["http://openid.net/srv/ax/1.0"],
        "ns.x.y": ["z"],
        "ns.openid": ["x"],
    }
    # The same for what is no field of the protocol.
    BESIDE = [("openid", "x"), ("extra", "x"), ("next", "/edit"), ("typed", "x" * 5000)]
    ENDINGS = [
        "&openid.mode=cancel&openid.sig=x",
        "&state=x",
        "&openid.sig=%ff%fe",
        "&%ff=%ff",
        "&openid.ns.%00=x",
        "&openid.ns.a%0Ab=x",
        "&&&===",
        "&next=/%0D%0ASet-Cookie:x=y",
        "&openid.%F0%9F%92%A9=x",
        "&" + "x" * 3000,
        "&" + "&".join(f"a{number}=b" for number in range(300)),
    ]

    def spoilt(self):
        for name in self.MISSING:
            yield {f"openid.{name}": None}, ""
        for name, values in self.CHANGED.items():
            for value in values:
                yield {f"openid.{name}": value}, ""
        for name, value in self.BESIDE:
            yield {name: value}, ""
        for ending in self.ENDINGS:
            # Of a repeated parameter the first counts, so a signature is spoilt as well.
            yield {"openid.sig": "x"}, ending

    def test_a_spoilt_answer_ends_at_the_sign_in_page_with_a_sentence(self):
        spoilt = list(self.spoilt())
        self.assertGreaterEqual(len(spoilt), 40)
        for changes, ending in spoilt:
            with self.subTest(changes=str(changes)[:80], ending=ending[:40]):
                browser = self.begin()
                url, _, query = self.decide(browser).url.partition("?")
                fields = dict(parse_qsl(query)) | changes
                fields = {name: value for name, value in fields.items() if value is not None}
                browser.get(f"{url}?{urlencode(fields)}{ending}")
                self.assertEqual((browser.path, browser.status), ("/login", 200))
                self.assertEqual(browser.page.heading, "Sign in")
                # That somebody cancelled is no error.
                told = browser.page.alerts + browser.page.statuses
                self.assertEqual(len(told), 1)
                self.assertIn(told[0], PROBLEMS.values())
        self.assertEqual(self.count(User), 0)

    def test_a_spoilt_form_does_too(self):
        for body in (b"\xff" * 50, b"%", b"openid.mode=%00", b"&=&=", b"openid.ns=" + b"[" * 9000):
            with self.subTest(body[:20]):
                browser = self.browser()
                response = browser.client.post(
                    "/login?openid_complete=yes",
                    data=body,
                    content_type="application/x-www-form-urlencoded",
                    headers={"Origin": SITE},
                    base_url=SITE,
                )
                self.assertEqual(response.status_code, 302)
                browser.get("/login")
                self.assertEqual(browser.page.alerts, [PROBLEMS["elsewhere"]])
        too_long = {"openid.sig": "x" * 70_000}
        browser.post("/login?openid_complete=yes", too_long)
        self.assertEqual((browser.status, browser.page.heading), (413, "Too long"))


class NextTests(SecondProviderCase):
    """Where a visitor is sent after signing in is always on this site."""

    HOSTILE = [
        "http://evil.example/",
        "https:evil.example",
        "https:/evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example/%2e%2e",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/%5Cevil.example",
        "/%2Fevil.example",
        "/%252Fevil.example",
        "%2F%2Fevil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\x00/evil.example",
        "/%00",
        "/%0D%0ASet-Cookie:x=y",
        "/\x7f",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        ".evil.example",
        "?next=//evil.example",
        "#//evil.example",
        "user/miguel",
        "/" + "x" * 600,
        "",
    ]

    def test_a_hostile_one_becomes_the_home_page_at_every_step(self):
        self.assertGreaterEqual(len(self.HOSTILE), 30)
        for target in self.HOSTILE:
            with self.subTest(target[:40]):
                browser = self.browser()
                browser.get("/login?next=" + quote(target, safe=""))
                self.assertEqual([form.fields["next"] for form in browser.page.forms], ["/"])
                self.begin(browser=browser, next=target)
                asked = dict(parse_qsl(urlsplit(browser.url).query))
                returning = dict(parse_qsl(urlsplit(asked["openid.return_to"]).query))
                self.assertEqual(returning["next"], "/")
                self.come_back(browser, self.decide(browser))
                self.assertEqual((browser.url, browser.page.heading), (SITE + "/", "Hi, susan!"))
                browser.get("/login?next=" + quote(target, safe=""))
                self.assertEqual(browser.url, SITE + "/")

    def test_the_address_that_a_page_came_from_has_no_say(self):
        browser = self.browser()
        browser.get("/login", headers={"Referer": "https://evil.example/"})
        self.assertEqual(browser.page.forms[0].fields["next"], "/")

    def test_a_proper_one_survives_every_step(self):
        self.sign_in()
        for target in ("/edit", "/user/susan?older=3", "/user/susan?q=%C3%A9&x=1+1"):
            with self.subTest(target):
                self.assertEqual(self.sign_in(next=target).url, SITE + target)

    def test_the_host_header_reaches_neither_realm_nor_return_to(self):
        browser = self.browser()
        browser.get("/login")
        browser.client.set_cookie("session", browser.cookie("session").value, domain="localhost")
        response = browser.client.post(
            "/login",
            data={"openid": self.provider.origin + "/", "csrf_token": browser.token()},
            base_url="http://localhost:5000",
        )
        asked = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
        self.assertEqual(asked["openid.realm"], SITE + "/")
        self.assertTrue(asked["openid.return_to"].startswith(SITE + "/login?"))
