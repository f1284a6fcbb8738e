"""What providers, other sites and crafted addresses may try, and what comes of it: nothing."""

import base64
import re
import secrets
from unittest import mock
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import sqlalchemy as sa
from openid.association import Association
from openid.message import OPENID2_NS

from app import db
from app.models import Identity, SignIn, User
from app.openid.relying_party import PROBLEMS
from app.tests.base import PASSWORD, SITE, Browser
from app.tests.second_provider import (
    SHA1,
    SHA256,
    Answer,
    Reply,
    SecondProvider,
    SecondProviderCase,
)

OWN = SITE + "/id/victim"
OWN_ENDPOINT = SITE + "/openid"


class TakeoverTests(SecondProviderCase):
    """The victim has two identities, one here and one at an honest provider elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.honest = SecondProvider().start()
        cls.addClassCleanup(cls.honest.stop)
        origins = f"{cls.provider.origin},{cls.honest.origin}"
        cls.settings = {**cls.settings, "OPENID_TRUSTED_ORIGINS": origins}

    def setUp(self):
        super().setUp()
        self.honest.reset()
        browser = self.browser()
        browser.get("/openid/join")
        browser.post(
            "/openid/join",
            {"csrf_token": browser.token(), "username": "victim", "password": PASSWORD},
        )
        self.abroad = self.honest.origin + "/id/victim"
        self.victims = [
            User.sign_up(OWN, "victim", "victim@example.com").id,
            User.sign_up(self.abroad, "victim", "victim@example.com").id,
        ]

    def attempts(self):
        """Give each attempt: how the provider lies, or what it serves, and what was typed."""
        p, v, op = self.provider, self.abroad, self.honest.endpoint
        evil, mine = p.origin + "/id/evil", p.origin + "/"
        both = {"claimed_id": v, "identity": v}
        ours = {"claimed_id": OWN, "identity": OWN}
        alone = {"associations": []}
        no_one = {"claimed_id": None, "identity": None}
        yield "the e-mail", mine, {"email": "victim@example.com"}
        yield "the e-mail in capitals", mine, {"email": "VICTIM@EXAMPLE.COM"}
        yield "the nickname", mine, {"nickname": "victim"}
        yield "both", mine, {"nickname": "Victim", "email": "victim@example.com"}
        yield "both, without SReg", mine, {"nickname": "victim", "extensions": {"ax"}}
        yield "the identity as a nickname", mine, {"nickname": v, "email": OWN}
        yield "the identity", mine, {"lies": both}
        yield "the identity, asked for another", evil, {"lies": both}
        yield "the claimed identifier alone", mine, {"lies": {"claimed_id": v}}
        yield "the local identifier alone", mine, {"lies": {"identity": v}}
        yield "the honest endpoint", mine, {"lies": {**both, "op_endpoint": op}}
        yield "our own identity", mine, {"lies": ours}
        yield "our own endpoint", mine, {"lies": {**ours, "op_endpoint": OWN_ENDPOINT}}
        yield "stateless", mine, {"lies": both, **alone, "vouches": True}
        yield "stateless, ours", mine, {"lies": ours, **alone, "vouches": True}
        yield "stateless, honest", mine, {"lies": {**both, "op_endpoint": op}, **alone}
        yield "stateless, own", mine, {"lies": {**ours, "op_endpoint": OWN_ENDPOINT}, **alone}
        yield "unsigned", mine, {"lies": no_one, "forgeries": both}
        yield "replaced", mine, {"forgeries": ours}
        yield "a fragment", mine, {"lies": {"claimed_id": v + "#x", "identity": v}}
        yield "a query", mine, {"lies": {"claimed_id": v + "?", "identity": v + "?"}}
        yield (
            "another spelling",
            mine,
            {"lies": {k: u.replace("/id", "/%69d") for k, u in both.items()}},
        )
        yield "a detour", mine, {"lies": {k: u.replace("/id", "/x/../id") for k, u in both.items()}}
        yield "capitals", mine, {"lies": {k: OWN.replace("http", "HTTP") for k in both}}
        yield "OpenID 1.1", p.origin + "/old/evil", {"lies": {"identity": v}}
        yield "no version", mine, {"lies": {"ns": None, **ours}}
        yield "no identity", mine, {"lies": no_one}
        for name, local in [("delegating to it", v), ("delegating to ours", OWN)]:
            yield name, mine + "page", {"pages": {"/page": Reply(p.links(local))}}
        for name, url in [("redirecting to it", v), ("redirecting to ours", OWN)]:
            yield name, mine + "page", {"pages": {"/page": Reply("", {"Location": url}, 302)}}
        canonical = p.xrds(["http://specs.openid.net/auth/2.0/signon"], v).replace(
            "<Service>", f"<CanonicalID>{v}</CanonicalID><Service>"
        )
        kind = "application/xrds+xml"
        yield "an XRDS", mine + "page", {"pages": {"/page": Reply(canonical, {}, 200, kind)}}
        yield "the honest page", v, {}
        yield "the honest page, its endpoint", v, {"lies": {"op_endpoint": op}}
        yield "our own page", OWN, {}
        yield "our own page, its endpoint", OWN, {"lies": {"op_endpoint": OWN_ENDPOINT}}

    def attack(self, typed: str, tricks: dict):
        self.provider.reset()
        for name, value in tricks.items():
            setattr(self.provider, name, value)
        browser = self.begin(typed)
        # Sent to somebody else's endpoint, the attacker takes the request to their own.
        asked = next((v for v in reversed(browser.visited) if "openid.mode=checkid" in v), None)
        if asked:
            query = urlsplit(asked).query
            answer = self.provider.visit(f"{self.provider.endpoint}?{query}")
            browser.get(answer.url)
        return browser

    def assert_no_takeover(self):
        db.session.rollback()
        taken = sa.select(SignIn).where(SignIn.user_id.in_(self.victims))
        self.assertEqual(db.session.scalars(taken).all(), [])
        owners = [Identity.owner(OWN).id, Identity.owner(self.abroad).id]
        self.assertEqual(owners, self.victims)

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
        self.assertEqual(Identity.owner(self.provider.origin + "/id/susan").nickname, "victim3")

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
                browser.submit(button="Sign in with this site")
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


class BoundAnswerTests(SecondProviderCase):
    """An answer is good once, and in the browser that asked for it."""

    def assert_refused(self, browser: Browser, problem: str):
        self.assertEqual((browser.path, browser.status), ("/login", 200))
        self.assertEqual(browser.page.alerts, [PROBLEMS[problem]])
        self.assertEqual(self.count(SignIn), 0)

    def unasked(self, **fields) -> str:
        identity = self.provider.origin + "/id/susan"
        message = {
            "openid.ns": OPENID2_NS,
            "openid.mode": "id_res",
            "openid.op_endpoint": self.provider.endpoint,
            "openid.claimed_id": identity,
            "openid.identity": identity,
            "openid.return_to": SITE + "/login?openid_complete=yes",
            "openid.response_nonce": "2030-01-01T00:00:00Zx",
            "openid.assoc_handle": "x",
            "openid.signed": "op_endpoint,claimed_id,identity,return_to,response_nonce",
            "openid.sig": "x",
        }
        return "/login?" + urlencode({"openid_complete": "yes", **fields, **message})

    def test_nothing_is_fetched_for_an_answer_that_nobody_asked_for(self):
        waiting = self.begin()
        self.provider.requests.clear()
        for name, browser, fields in [
            ("no state", self.browser(), {}),
            ("an empty one", self.browser(), {"state": ""}),
            ("a made-up one", self.browser(), {"state": "x"}),
            ("a made-up one beside a real one", waiting, {"state": "x"}),
        ]:
            with self.subTest(name):
                browser.get(SITE + self.unasked(**fields))
                self.assert_refused(browser, "elsewhere")
        self.assertEqual(self.provider.requests, [])

    def test_the_answer_to_another_browser_is_refused(self):
        mine, answer = self.browser(), self.decide(self.begin())
        self.begin(browser=mine)
        self.provider.requests.clear()
        mine.get(answer.url)
        self.assert_refused(mine, "elsewhere")
        self.assertEqual(self.provider.requests, [])

    def test_an_answer_is_taken_once(self):
        for path in ("/", "/old/susan"):
            with self.subTest(path):
                browser = self.begin(self.provider.origin + path)
                before = browser.cookie("session").value
                answer = self.decide(browser)
                browser.get(answer.url)
                self.assertIn("Hi, ", browser.page.heading)
                browser.submit(button="Sign out")
                browser.get(answer.url)
                self.assert_refused(browser, "elsewhere")
                browser.client.set_cookie("session", before, domain="127.0.0.1")
                browser.get(answer.url)
                self.assert_refused(browser, "used")

    def test_a_state_is_spent_even_by_an_answer_that_is_refused(self):
        browser = self.begin()
        answer = self.decide(browser)
        browser.get(answer.url.replace("openid.sig=", "openid.sig=x"))
        self.assert_refused(browser, "invalid")
        browser.get(answer.url)
        self.assert_refused(browser, "elsewhere")

    def test_four_tabs_can_be_under_way_and_the_oldest_makes_room(self):
        self.provider.decision = "cancel"
        browser = self.browser()
        answers = []
        for _ in range(8):
            self.begin(browser=browser)
            answers.append(self.decide(browser))
            browser.get(SITE + "/login")
        for number, answer in enumerate(answers):
            with self.subTest(number):
                browser.get(answer.url)
                self.assert_refused(browser, "cancelled" if number > 3 else "elsewhere")

    def test_a_form_cannot_pass_for_an_answer_to_do_without_its_token(self):
        browser = self.browser()
        browser.get("/login")
        typed = {"openid": self.provider.origin + "/"}
        browser.post("/login", typed)
        self.assertEqual(browser.status, 400)
        browser.post("/login?openid_complete=yes", typed)
        self.assert_refused(browser, "elsewhere")
        browser.post("/login", {**typed, "openid_complete": "yes"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(self.provider.requests, [])


class ReturnByFormTests(SecondProviderCase):
    """Browsers keep our cookies to themselves when another site posts a form to us."""

    def test_it_signs_in_and_the_first_response_sets_no_cookie(self):
        self.provider.by_form = True
        for size, status in [(10, 303), (2500, 200)]:
            for origin in (self.provider.origin, "null", None, "http://127.0.0.1:5000.example"):
                with self.subTest(size=size, origin=origin):
                    self.provider.nickname = "x" * size
                    self.provider.chosen = f"/id/{size}-{origin is None}-{len(origin or '')}"
                    self.empty_database()
                    browser = self.begin()
                    first = self.post_across(browser, self.decide(browser), origin)
                    self.assertEqual(first.status_code, status)
                    self.assertEqual(first.headers.getlist("Set-Cookie"), [])
                    self.assertEqual(browser.page.heading, f"Hi, {'x' * min(size, 64)}!")

    def test_the_page_that_posts_itself_has_a_button_and_no_script_of_its_own(self):
        answer = Answer(SITE + "/login?openid_complete=yes", {"openid.sig": '<"&>' * 600})
        browser = self.begin()
        first = self.post_across(browser, answer, "null")
        self.assertEqual(re.findall(r"<script(?! src=\"/static/)", first.text), [])
        self.assertIn("<button>Continue</button>", first.text)
        self.assertEqual(browser.page.alerts, [PROBLEMS["elsewhere"]])

    def test_no_form_of_another_site_sets_a_cookie(self):
        # It would take the place of the session, and so sign the visitor out.
        for url, fields in [
            ("/login?openid_complete=yes", {}),
            ("/login?openid_complete=yes", {"reposted": "yes"}),
            ("/login?openid_complete=yes&reposted=yes&state=x", {"openid.mode": "id_res"}),
            ("/login", {"openid": "https://example.com/"}),
            ("/login", {"openid_complete": "yes", "reposted": "yes"}),
            ("/login/nickname", {"nickname": "susan"}),
            ("/logout", {}),
            ("/openid", {}),
            ("/openid/sign-in", {"username": "miguel", "password": PASSWORD}),
            ("/openid/join", {"username": "miguel", "password": PASSWORD}),
        ]:
            for origin in ("https://evil.example", "null"):
                with self.subTest(url, fields=list(fields), origin=origin):
                    response = self.app.test_client().post(
                        url, data=fields, headers={"Origin": origin}, base_url=SITE
                    )
                    self.assertEqual(response.headers.getlist("Set-Cookie"), [])
                    self.assertLess(response.status_code, 500)


class CookieTests(SecondProviderCase):
    """The session holds little, and nothing that could run."""

    def assert_small(self, browser: Browser, limit: int = 1000):
        names = [name for name in ("session", "remember") if browser.cookie(name)]
        size = sum(len(name) + 1 + len(browser.cookie(name).value) for name in names)
        self.assertLess(size, limit, browser.url)
        with browser.client.session_transaction(base_url=SITE) as session:
            kept = dict(session)
        known = {"csrf_token", "sign_ins", "problem", "typed", "newcomer", "account"}
        known |= {"_user_id", "_fresh", "_flashes", "_remember", "_permanent"}
        self.assertLessEqual(set(kept), known)

    def test_cookies_stay_small_at_every_step(self):
        # Random, since what repeats itself is compressed.
        self.provider.chosen = "/id/" + secrets.token_hex(100)
        identity = self.provider.origin + self.provider.chosen
        self.provider.nickname = "..."
        self.provider.email = "@"
        browser = self.browser()
        browser.get("/login")
        self.assert_small(browser)
        for _ in range(4):
            self.begin(identity, browser, remember_me="y")
            self.assert_small(browser)
            answer = self.decide(browser)
            browser.get(SITE + "/login?openid_complete=yes")
            self.assert_small(browser)
        browser.get(answer.url)
        self.assertEqual(browser.page.heading, "Choose a nickname")
        self.assert_small(browser)
        browser.submit(nickname="susan")
        self.assertEqual(browser.page.heading, "Hi, susan!")
        self.assert_small(browser)

    def test_nobody_can_make_them_too_large_for_a_browser(self):
        noise = "".join(chr(0x1F300 + number * 37 % 1000) for number in range(300))
        browser = self.begin()
        browser.get(SITE + f"/login?openid_complete=yes&typed={quote(noise)}", follow=False)
        self.assert_small(browser, 4093)


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
                self.assertEqual(len(browser.page.alerts), 1)
                self.assertIn(browser.page.alerts[0], PROBLEMS.values())
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
                self.assertEqual([form.fields["next"] for form in browser.page.forms], ["/", "/"])
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


class StyleTests(SecondProviderCase):
    """The ways of honest providers."""

    def assert_signs_in(self, typed: str, identifier: str) -> User:
        browser = self.sign_in(self.provider.origin + typed)
        self.assertTrue(browser.page.heading.startswith("Hi, "), browser.page.alerts)
        db.session.rollback()
        user = Identity.owner(identifier)
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
                    modes = {asked.fields.get("openid.mode") for asked in self.provider.requests}
                    # OpenID 1.1 knows no SHA-256.
                    stateless = SHA1 not in associations if "old" in typed else not associations
                    self.assertEqual("check_authentication" in modes, stateless)

    def test_an_association_is_made_once(self):
        for _ in range(3):
            self.sign_in()
        modes = [asked.fields.get("openid.mode") for asked in self.provider.requests]
        # Our favourite kind is offered first, and the provider may name another one.
        self.assertLessEqual(modes.count("associate"), 2)

    def test_a_forgotten_association_is_made_up_for(self):
        self.sign_in()
        browser = self.begin()
        self.provider._store.server_assocs.clear()
        self.come_back(browser, self.decide(browser))
        self.assertEqual(browser.page.heading, "Hi, susan!")

    def test_a_fragment_tells_one_owner_of_an_address_from_the_next(self):
        origin, users = self.provider.origin, set()
        for identity in ("/id/susan#1", "/id/susan#2", "/id/susan"):
            self.provider.chosen = identity
            users.add(self.assert_signs_in("/", origin + identity).id)
        self.assertEqual(len(users), 3)

    def test_an_address_of_ones_own_may_delegate_to_an_account_here(self):
        browser = self.browser()
        browser.get("/openid/join")
        token = {"csrf_token": browser.token()}
        browser.post("/openid/join", {**token, "username": "susan", "password": PASSWORD})
        page = self.provider.links(OWN.replace("victim", "susan")).replace(
            self.provider.endpoint, OWN_ENDPOINT
        )
        self.provider.pages["/me"] = Reply(page)
        self.begin(self.provider.origin + "/me", browser)
        self.assertEqual(browser.page.heading, "Hi, susan!")
        db.session.rollback()
        self.assertIsNotNone(Identity.owner(self.provider.origin + "/me"))
        self.assertIsNone(Identity.owner(SITE + "/id/susan"))

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
                    user = Identity.owner(self.provider.origin + "/id/susan")
                    self.assertEqual((user.nickname, user.email), expected)

    def test_details_that_are_not_signed_are_not_believed(self):
        self.provider.extensions = set()
        sreg = "http://openid.net/extensions/sreg/1.1"
        self.provider.forgeries = {"ns.sreg": sreg, "sreg.nickname": "mallory"}
        self.assertEqual(self.sign_in().page.heading, "Choose a nickname")


class SentenceTests(SecondProviderCase):
    """What goes wrong is said in a sentence of ours, beside what was typed."""

    def assert_problem(self, browser: Browser, problem: str, typed: str):
        self.assertEqual(browser.path, "/login")
        self.assertEqual(browser.page.alerts, [PROBLEMS[problem]])
        self.assertEqual(browser.page.forms[0].fields["openid"], typed)

    def test_where_no_openid_is_found(self):
        origin = self.provider.origin
        self.provider.pages["/plain"] = Reply("<html><head></head><body>Hello</body></html>")
        self.provider.pages["/json"] = Reply("{}", content_type="application/json")
        self.provider.pages["/loop"] = Reply("", {"Location": "/loop"}, 302)
        self.provider.pages["/broken"] = Reply("", status=500)
        with SecondProvider() as gone:
            pass
        self.app = self.make_app(OPENID_TRUSTED_ORIGINS=f"{origin},{gone.origin}")
        for typed, problem in [
            (origin + "/nothing", "not_found"),
            (origin + "/broken", "not_found"),
            (gone.origin + "/id/susan", "not_found"),
            (SITE + "/id/nobody", "not_found"),
            (origin + "/plain", "not_openid"),
            (origin + "/json", "not_openid"),
            (SITE + "/login", "not_openid"),
            (origin + "/loop", "refused"),
            ("http://127.0.0.1:1/", "refused"),
            ("http://10.0.0.1/", "refused"),
            ("http://[::1]/", "refused"),
            (origin.replace("//", "//susan:secret@") + "/", "refused"),
            ("localhost/id/susan", "refused"),
        ]:
            with self.subTest(typed):
                browser = self.begin(typed)
                self.assertEqual(browser.status, 400)
                self.assert_problem(browser, problem, typed)

    def test_nonsense_is_answered_too(self):
        for typed in (
            "http://[",
            "x" * 255,
            "ftp://example.com/",
            "file:///etc/passwd",
            "http://",
            "javascript:alert(1)",
            "%",
            "http://%00/",
            "..",
            "<script>",
            "a b",
            "é:é",
        ):
            with self.subTest(typed):
                # Nothing here has a name that could be looked up.
                browser = self.begin(typed)
                self.assertEqual((browser.path, browser.status), ("/login", 400))
                self.assertEqual(len(browser.page.alerts), 1)
                self.assertEqual(browser.page.forms[0].fields["openid"], typed)

    def test_a_provider_that_does_not_answer_in_time(self):
        self.enterContext(mock.patch.dict(self.app.config, FETCH_SECONDS=0.5))
        typed = self.provider.origin + "/id/susan"
        browser = self.begin(typed)
        answer = self.decide(browser)
        self.provider.silent = {"/id/susan"}
        browser.get(answer.url)
        self.assert_problem(browser, "no_answer", typed)
        browser = self.begin(typed)
        self.assertEqual(browser.status, 400)
        self.assert_problem(browser, "no_answer", typed)

    def test_what_a_provider_says_wrong(self):
        typed = self.provider.origin + "/"
        long, odd = (typed + "id/susan#" + rest for rest in ("x" * 400, "\x00"))
        for problem, lies, forgeries in [
            ("clock", {"response_nonce": "2001-01-01T00:00:00Zx"}, {}),
            ("clock", {"response_nonce": "2101-01-01T00:00:00Zx"}, {}),
            ("nobody", {"claimed_id": None, "identity": None}, {}),
            ("invalid", {}, {"sig": "AAAA"}),
            ("invalid", {}, {"response_nonce": "2030-01-01T00:00:00Zx"}),
            ("invalid", {"op_endpoint": SITE + "/nowhere"}, {}),
            ("cancelled", {"mode": "setup_needed"}, {}),
            # A fragment is never fetched, only kept.
            ("refused", {"claimed_id": long}, {}),
            ("invalid", {"claimed_id": odd}, {}),
        ]:
            with self.subTest(problem, lies=lies, forgeries=forgeries):
                self.provider.reset()
                self.provider.lies, self.provider.forgeries = lies, forgeries
                browser = self.sign_in()
                self.assert_problem(browser, problem, typed)
