"""Nobody's link makes a page of ours send what somebody else wrote, or sign another's name."""

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from werkzeug.exceptions import BadRequest

from app.models import Post, User
from app.openid import addresses
from app.openid.autosubmit import self_posting_page
from app.openid.network import FetchRefused
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, SITE, JoinMixin, PeopleTestCase
from app.tests.support.openid.relying_party import (
    MIGUEL,
    REALM,
    REFUSED,
    RETURN_TO,
    ProviderCase,
    request_path,
)
from app.tests.support.openid.second_provider import Reply
from app.tests.support.openid.signing_in import SecondProviderCase

# Makes an answer too long for an address.
LONG = "?p=" + "A" * 1990
# Of this site, or perhaps so in the eyes of a browser; the sign-in page is none of them.
PAGES_HERE = [
    *(SITE + path for path in ("", "/", "/post/3/delete", "/logout", "/edit", "/openid/consent")),
    *(SITE + path for path in ("/login/", "/LOGIN", "/%6cogin", "/%6Cogin", "//login", "/login;x")),
    *(SITE + path for path in ("/login/../logout", "/x/../login", "/./login", "/login%2f", "/log")),
    *(SITE + path for path in ("/login%3f", "/login/nickname", "/login\\..\\logout", "/login%00")),
    "HTTP://127.0.0.1:5000/login",
    "http://127.0.0.1:05000/login",
    "http://127.0.0.1.:5000/logout",
    "http://127.1:5000/logout",
    "http://0x7f.0.0.1:5000/logout",
    "http://0x7f000001:5000/logout",
    "http://0177.0.0.1:5000/logout",
    "http://2130706433:5000/logout",
    "http://127.0.0.1%2e:5000/logout",
    "http://%3127.0.0.1:5000/logout",
    "http://１２７.0.0.1:5000/logout",
    "http://127。0。0。1:5000/logout",
    "http://x@127.0.0.1:5000/logout",
    "http://127.0.0.1:5000\\@192.0.2.7/logout",
    "http:127.0.0.1:5000/logout",
    "http:///127.0.0.1:5000/logout",
    "http:\\\\127.0.0.1:5000/logout",
    "http://127.0.0.1:5000\t/logout",
    "ht\ntp://127.0.0.1:5000/logout",
    " http://127.0.0.1:5000/logout",
]


class ReturnHereTests(ProviderCase):
    def test_our_own_realm_is_sent_back_to_the_sign_in_page_and_nowhere_else(self):
        for who, browser in [("signed out", self.browser()), ("signed in", self.member())]:
            for page in PAGES_HERE:
                for end in ("", LONG):
                    for realm in (SITE + "/", page, page.partition("/logout")[0] + "/"):
                        for mode in ("checkid_setup", "checkid_immediate"):
                            with self.subTest(who, page=page, realm=realm, long=bool(end)):
                                browser.get(
                                    SITE
                                    + self.message(realm=realm, return_to=page + end, mode=mode)
                                )
                                self.assertEqual(browser.status, 400)
                                self.assertEqual(browser.page.heading, REFUSED)

    def test_the_sign_in_page_is_answered_without_a_question(self):
        browser = self.member()
        for end in ("", "?openid_complete=yes&state=x", "?x=/logout"):
            browser.get(SITE + self.message(realm=SITE + "/", return_to=SITE + "/login" + end))
            self.assertEqual((browser.path, browser.status), ("/login", 200))
        # Under any other realm it is a site like others.
        browser.get(SITE + self.message(realm=SITE + "/login", return_to=SITE + "/login"))
        self.assertEqual(browser.page.heading, "Sign in at another site?")

    def test_a_fragment_is_no_way_around(self):
        browser = self.member()
        browser.get(SITE + self.message(realm=SITE + "/", return_to=SITE + "/login?x#y"))
        self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))


class WhereAddressesLeadTests(ProviderCase):
    def test_what_browsers_may_read_as_this_site_is_never_taken_for_another(self):
        with self.app.test_request_context():
            for page in PAGES_HERE:
                with self.subTest(page):
                    try:
                        self.assertTrue(addresses.leads_here(page))
                    except FetchRefused:
                        continue

    def test_other_sites_are_others(self):
        with self.app.test_request_context():
            for page in (
                "https://127.0.0.1:5000/login",
                "http://127.0.0.1/login",
                "http://127.0.0.2:5000/login",
                "http://[::1]:5000/login",
                "http://login.example:5000/",
                "http://x0x7f.example/",
                "http://1.example/",
                "http://xn--bcher-kva.example/?a=é#x",
            ):
                with self.subTest(page):
                    self.assertFalse(addresses.leads_here(page))

    def test_one_address_of_ipv6_has_many_spellings(self):
        with self.make_app(SITE_URL="http://[2001:db8::1]:8000").test_request_context():
            for host in ("[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]", "[2001:0db8::0001]"):
                self.assertTrue(addresses.leads_here(f"http://{host}:8000/logout"), host)
            self.assertFalse(addresses.leads_here("http://[2001:db8::2]:8000/logout"))

    def test_letters_that_browsers_turn_into_others_are_in_no_host(self):
        with self.make_app(SITE_URL="http://blog.example:8000").test_request_context():
            # The last of them is in none of Python's tables for host names.
            for host in ("ｂlog.example", "BLOG。example", "𝐛log.example", "🄱log.example"):
                with self.subTest(host), self.assertRaises(FetchRefused):
                    addresses.leads_here(f"http://{host}:8000/logout")
            self.assertTrue(addresses.leads_here("http://BLOG.example:8000/logout?é"))

    def test_a_page_that_posts_itself_posts_to_no_other_page_here(self):
        with self.app.test_request_context():
            for action in [*PAGES_HERE, SITE + "/login#x", "javascript:alert(1)", "data:,x", "/x"]:
                with self.subTest(action), self.assertRaises(BadRequest):
                    self_posting_page(action, {"openid.mode": "id_res"})
            for action in (SITE + "/login?x=y", RETURN_TO, "https://192.0.2.7/?é"):
                self.assertIn("Continue", self_posting_page(action, {"openid.mode": "id_res"}))


class SentAgainTests(JoinMixin, PeopleTestCase):
    """A form that has expired may be sent again if a page of ours made it, and only then."""

    def test_a_message_of_the_protocol_is_never_sent_again(self):
        post = self.post(self.john, "still here")
        browser = self.browser(self.john)
        path = f"/post/{post.id}/delete"
        for query, fields in [
            ("", {"openid.mode": "id_res", "openid.sig": "x"}),
            ("", {"openid.mode": "id_res", "post": "not mine"}),
            ("", {"openid.": "x", "post": "not mine"}),
            ("?openid.mode=id_res", {"post": "not mine"}),
        ]:
            with self.subTest(query, fields=fields):
                browser.post(path + query, fields)
                self.assertEqual(
                    (browser.status, browser.page.heading), (400, "This form has expired")
                )
                self.assertEqual(browser.page.forms, [])
                self.assertNotIn("not mine", browser.text)
        self.assertEqual(self.count(Post), 1)

    def test_a_link_of_somebody_else_deletes_no_post(self):
        browser = self.join("miguel")
        browser.get("/")
        browser.submit(post="still here")
        for path in ("/post/1/delete", "/post/2/delete", "/logout", "/settings/data/leave"):
            link = request_path(realm=SITE + "/", return_to=f"{SITE}{path}{LONG}")
            browser.get(link)
            self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))
            self.assertEqual([form.action for form in browser.page.forms], [])
        self.assertEqual(self.count(Post), 1)


class EndpointTests(SecondProviderCase):
    """A provider abroad names where our visitors are sent."""

    HOSTILE = [
        "javascript:alert(1)",
        "JavaScript:alert(1)//http://x/",
        "javascript://127.0.0.1/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "ms-word:ofe|u|http://192.0.2.7/x.docx",
        "file:///etc/passwd",
        "ftp://192.0.2.7/",
        "blob:http://192.0.2.7/x",
        "//192.0.2.7/",
        "/openid",
        "openid",
        "http:",
        "http://",
        "http:192.0.2.7",
        "http://x@192.0.2.7/",
        "http://192.0.2.7\\x",
        "http://[",
        *PAGES_HERE,
    ]

    def endings(self):
        """Return where a visitor wants to go: nowhere, and so far that the request is posted."""
        return "/", "/" + "%" * 499

    def test_only_a_web_address_is_one(self):
        for endpoint in self.HOSTILE:
            escaped = endpoint.replace("&", "&amp;").replace("<", "&lt;")
            with_links = self.provider.links().replace(self.provider.endpoint, escaped)
            with_xrds = self.provider.xrds(["http://specs.openid.net/auth/2.0/signon"])
            with_xrds = with_xrds.replace(self.provider.endpoint, escaped)
            old = self.provider.links(version=1).replace(self.provider.endpoint, escaped)
            for page, kind in (
                (with_links, "text/html"),
                (old, "text/html"),
                (with_xrds, "application/xrds+xml"),
            ):
                self.provider.pages["/me"] = Reply(page, content_type=kind)
                for next in self.endings():
                    with self.subTest(endpoint, kind=kind, long=len(next) > 1):
                        browser = self.begin(self.provider.origin + "/me", next=next)
                        self.assertEqual((browser.path, browser.status), ("/login", 400))
                        [alert] = browser.page.alerts
                        self.assertIn(alert, PROBLEMS.values())
                        for form in browser.page.forms:
                            self.assertTrue(form.action.startswith("/"), form.action)
                        self.assertNotIn("openid.mode", browser.text)

    def test_without_a_provider_of_ours_no_page_here_is_one(self):
        self.app = self.make_app(PROVIDER="off", OPENID_TRUSTED_ORIGINS=self.provider.origin)
        for endpoint in (SITE + "/openid", SITE + "/login"):
            page = self.provider.links().replace(self.provider.endpoint, endpoint)
            self.provider.pages["/me"] = Reply(page)
            browser = self.begin(self.provider.origin + "/me")
            self.assertEqual((browser.path, browser.status), ("/login", 400))
            self.assertEqual(browser.page.alerts, [PROBLEMS["not_openid"]])

    def test_ours_is_asked_by_an_address_however_long(self):
        for username, next in [("miguel", self.endings()[1]), ("ingrid", "/" + "é" * 249)]:
            browser = self.browser()
            browser.get("/login?" + urlencode({"next": next}))
            self.assertEqual(browser.page.forms[0].fields["next"], next)
            browser.ask_own_provider()
            self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 200))
            browser.get(browser.page.links["Make an account"])
            browser.submit(username=username, password=PASSWORD)
            if browser.page.heading == "One moment":
                browser.submit(button="Continue")
            self.assertEqual(unquote(browser.visited[-1]), "GET " + SITE + next)

    def test_where_to_go_is_bounded_as_it_will_be_sent(self):
        browser = self.browser()
        for next in ("/" + "é" * 250, "/" + "😀" * 125, "/" + "x" * 500):
            browser.get("/login?" + urlencode({"next": next}))
            self.assertEqual(browser.page.forms[0].fields["next"], "/")


class ExactIdentityTests(ProviderCase):
    """What our provider signs is the identifier of an account, letter for letter."""

    SPELLINGS = [
        SITE + "/%69d/victim",
        SITE + "/id/%76ictim",
        SITE + "/x/../id/victim",
        SITE + "/id/./victim",
        SITE + "//id/victim",
        SITE + "/id//victim",
        SITE + "/ID/victim",
        SITE + "/id/VICTIM",
        SITE + "/id/victim/",
        SITE + "/id/victim?x",
        SITE + "/id/victim#x",
        SITE + "/id/victim%00",
        SITE + "/",
        SITE.replace("http", "HTTP") + "/id/victim",
        "http://127.0.0.1.:5000/id/victim",
        "http://2130706433:5000/id/victim",
        "http://１２７.0.0.1:5000/id/victim",
        "http://x@127.0.0.1:5000/id/victim",
    ]

    def test_another_spelling_of_an_identity_is_not_claimed_beside_ones_own(self):
        self.member("victim")
        browser = self.member()
        for claimed in [*self.SPELLINGS, SITE + "/id/victim", MIGUEL + "/", MIGUEL + "#1"]:
            for mode in ("checkid_setup", "checkid_immediate"):
                with self.subTest(claimed, mode=mode):
                    browser.get(SITE + self.message(claimed_id=claimed, identity=MIGUEL, mode=mode))
                    self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))

    def test_nor_is_it_signed_for_its_owner(self):
        browser = self.member("victim")
        old = {"ns": "http://openid.net/signon/1.1", "claimed_id": None, "trust_root": REALM}
        for identity in self.SPELLINGS:
            for more in ({"claimed_id": identity}, old):
                fields = {"identity": identity, **more}
                with self.subTest(fields):
                    browser.get(SITE + self.message(**fields))
                    self.assertEqual((browser.status, browser.path), (200, "/openid/sign-in"))
                    browser.submit(username="victim", password=PASSWORD)
                    self.assertEqual((browser.status, browser.path), (400, "/openid/sign-in"))
                    browser.get(SITE + self.message(mode="checkid_immediate", **fields))
                    answer = dict(parse_qsl(urlsplit(browser.url).query))
                    self.assertNotIn("openid.sig", answer)
        self.assertIsNone(User.of_identifier(SITE + "/id/victim"))
