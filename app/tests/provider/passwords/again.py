"""A relying party may want the password typed lately (PAPE 1.0), and so may this site itself."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from openid.extensions import pape

from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin, TestCase
from app.tests.support.clock import Clock
from app.tests.support.openid.relying_party import ENDPOINT, MIGUEL, QUESTION, REALM, ProviderCase

AGAIN = "It has been a while since you typed your password here."
OWN_RETURN = SITE + "/login?openid_complete=yes&next=%2F"


class PasswordAgainCase(ProviderCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.browser_of_miguel = self.member()
        self.began = self.clock.moment

    def ask_for(self, max_age: int | None, identity: str = ENDPOINT, **options) -> Browser:
        """Send miguel here with a request for a password of at most `max_age` seconds."""
        extension = pape.Request(max_auth_age=max_age, preferred_auth_policies=["http://x/"])
        self.browser_of_miguel.get(self.ask(identity, [extension], **options))
        return self.browser_of_miguel

    def assert_asked_again(self, browser: Browser):
        self.assertEqual((browser.status, browser.path), (200, "/openid/sign-in"))
        self.assertIn(AGAIN, browser.page.words)
        self.assertEqual(browser.page.forms[0].fields["username"], "miguel")

    def told(self, browser: Browser) -> str:
        """Return the time of the password that an answer names, which has to be signed."""
        verdict = self.verdict(browser)
        self.assertEqual((verdict.status, verdict.identity_url), ("success", MIGUEL))
        policies = pape.Response.fromSuccessResponse(verdict)
        self.assertEqual(policies.auth_policies, [])
        return policies.auth_time

    def named(self, moment) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class AskedByOthersTests(PasswordAgainCase):
    def test_it_is_asked_for_once_the_sign_in_is_older_than_allowed(self):
        for identity in (ENDPOINT, MIGUEL):
            with self.subTest(identity):
                self.clock.move(seconds=600)
                browser = self.ask_for(600, identity)
                self.assertEqual(browser.page.heading, QUESTION)
                browser.submit(button="Allow")
                self.assertEqual(self.told(browser), self.named(self.began))
                self.clock.move(seconds=1)
                self.assert_asked_again(self.ask_for(600, identity))
                browser.submit(password="not that at all")
                self.assertEqual((browser.status, browser.path), (400, "/openid/sign-in"))
                browser.submit(password=PASSWORD)
                self.began = self.clock.moment
                self.assertEqual(browser.page.heading, QUESTION)
                self.clock.move(seconds=20)
                browser.submit(button="Allow")
                self.assertEqual(self.told(browser), self.named(self.began))
                self.clock.move(seconds=-20)

    def test_without_a_limit_the_time_is_told_and_without_pape_nothing(self):
        self.clock.move(hours=4)
        browser = self.ask_for(None)
        browser.submit(button="Allow")
        self.assertEqual(self.told(browser), self.named(self.began))
        browser.get(self.ask())
        browser.submit(button="Allow")
        self.assertNotIn("pape", browser.url)
        self.assertEqual(self.verdict(browser).status, "success")

    def test_a_consent_that_is_remembered_does_not_do_for_it(self):
        browser = self.ask_for(60)
        browser.submit(button="Allow", remember="yes")
        self.clock.move(seconds=60)
        self.assertEqual(self.told(self.ask_for(60)), self.named(self.began))
        self.clock.move(seconds=1)
        self.assert_asked_again(self.ask_for(60))
        browser.submit(password=PASSWORD)
        self.assertEqual(self.told(browser), self.named(self.clock.moment))

    def test_an_immediate_request_is_no_page_and_needs_setup(self):
        self.ask_for(60).submit(button="Allow", remember="yes")
        self.clock.move(seconds=60)
        browser = self.ask_for(60, immediate=True)
        self.assertEqual(self.told(browser), self.named(self.began))
        self.clock.move(seconds=1)
        self.assertEqual(self.verdict(self.ask_for(60, immediate=True)).status, "setup_needed")

    def test_when_no_age_is_allowed_it_is_asked_for_once(self):
        for number in range(2):
            self.clock.move(seconds=1)
            self.assert_asked_again(self.ask_for(0))
            # Back from the form it takes a moment, and somebody reads the question.
            browser = self.browser_of_miguel
            browser.submit(password=PASSWORD)
            began = self.clock.moment
            self.clock.move(seconds=7)
            self.assertEqual(browser.page.heading, QUESTION)
            browser.submit(button="Allow")
            self.assertEqual(self.told(browser), self.named(began), number)

    def test_who_reads_the_question_for_long_is_asked_again_and_then_goes_on(self):
        self.clock.move(seconds=1)
        browser = self.ask_for(0)
        browser.submit(password=PASSWORD)
        question = browser.url
        self.clock.move(minutes=5)
        browser.get(question)
        self.assertEqual(browser.page.heading, QUESTION)
        self.clock.move(seconds=1)
        browser.submit(button="Allow")
        self.assert_asked_again(browser)
        browser.submit(password=PASSWORD)
        browser.submit(button="Allow")
        self.assertEqual(self.told(browser), self.named(self.clock.moment))

    def test_a_password_typed_for_another_request_is_as_old_as_it_is(self):
        self.clock.move(seconds=61)
        self.ask_for(60)
        first = self.browser_of_miguel.url
        self.clock.move(seconds=1)
        self.ask_for(60)
        self.browser_of_miguel.submit(password=PASSWORD)
        self.clock.move(minutes=5, seconds=1)
        self.browser_of_miguel.get(first.replace("sign-in", "consent"))
        self.assert_asked_again(self.browser_of_miguel)

    def test_who_cancels_has_told_nothing(self):
        self.clock.move(seconds=61)
        browser = self.ask_for(60)
        browser.submit(button="Cancel and go back")
        self.assertEqual(self.verdict(browser).status, "cancel")

    def test_the_password_of_somebody_else_does_not_do(self):
        self.member("ingrid")
        self.clock.move(seconds=61)
        browser = self.ask_for(60, MIGUEL)
        browser.submit(username="ingrid", password=PASSWORD)
        self.assertEqual((browser.status, browser.path), (400, "/openid/sign-in"))
        browser.get("/openid")
        self.assertIn("miguel", browser.page.links)

    def test_it_is_asked_for_whichever_way_the_request_comes(self):
        self.clock.move(seconds=61)
        browser = self.browser_of_miguel
        fields = {"ns.pape": pape.ns_uri, "pape.max_auth_age": "60"}
        for version in (
            {},
            {"ns": "http://openid.net/signon/1.1", "identity": MIGUEL, "trust_root": REALM},
            {"ns": None, "identity": MIGUEL, "claimed_id": None, "trust_root": REALM},
        ):
            path = self.message(**fields | version)
            for method in ("GET", "POST"):
                with self.subTest(version=version, method=method):
                    if method == "GET":
                        browser.get(SITE + path)
                    else:
                        asked = dict(parse_qsl(urlsplit(path).query))
                        browser.post("/openid", asked)
                    self.assert_asked_again(browser)

    def test_under_any_name_and_with_any_number(self):
        self.clock.move(seconds=61)
        browser = self.browser_of_miguel
        for value, asked in [
            ("60", True),
            ("-1", True),
            ("-" + "9" * 500, True),
            ("0", True),
            ("62", False),
            ("9" * 500, False),
            ("9" * 3000, False),
            # Not a number: nothing was asked for that could be done.
            ("", False),
            ("x", False),
            ("1e1", False),
            ("\x00", False),
        ]:
            with self.subTest(value[:9]):
                browser.get(SITE + self.message(**{"ns.p": pape.ns_uri, "p.max_auth_age": value}))
                self.assertEqual(browser.status, 200)
                self.assertEqual(browser.path == "/openid/sign-in", asked)


class FreshSignInTests(PasswordAgainCase):
    def test_the_browser_shows_a_new_token_and_the_old_one_is_worth_nothing(self):
        browser = self.browser_of_miguel
        before = browser.cookie("session").value
        self.clock.move(seconds=61)
        self.ask_for(60).submit(password=PASSWORD)
        self.assertEqual(self.count(AccountSignIn), 1)
        thief = self.browser()
        thief.client.set_cookie("session", before, domain="127.0.0.1")
        thief.get("/openid")
        self.assertIn("Sign in to your account", thief.page.links)
        browser.get("/openid")
        self.assertIn("Change your password", browser.page.links)

    def test_other_browsers_stay_as_they_are(self):
        other = self.browser()
        other.get("/openid/sign-in")
        other.submit(username="miguel", password=PASSWORD)
        self.clock.move(seconds=61)
        self.ask_for(60).submit(password=PASSWORD)
        self.assertEqual(self.count(AccountSignIn), 2)
        other.get(self.ask(extensions=[pape.Request(max_auth_age=60)]))
        self.assert_asked_again(other)


class AskedByThisSiteTests(JoinMixin, TestCase):
    """Its own accounts are asked for no consent, but for the password all the same."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.miguel = self.join("miguel")
        self.began = self.clock.moment

    def asked(self, mode: str = "checkid_setup") -> str:
        message = {
            "ns": "http://specs.openid.net/auth/2.0",
            "mode": mode,
            "claimed_id": MIGUEL,
            "identity": MIGUEL,
            "return_to": OWN_RETURN,
            "realm": SITE + "/",
            "ns.pape": pape.ns_uri,
            "pape.max_auth_age": "600",
        }
        return "/openid?" + urlencode({f"openid.{n}": v for n, v in message.items()})

    def answer(self) -> dict[str, str]:
        [visit] = [v for v in self.miguel.visited if v.startswith(f"GET {OWN_RETURN}")]
        self.miguel.visited.clear()
        return dict(parse_qsl(urlsplit(visit).query))

    def test_the_password_is_asked_for_and_the_way_goes_on_from_there(self):
        self.miguel.visited.clear()
        self.clock.move(minutes=10)
        self.miguel.get(self.asked())
        told = self.answer()
        self.assertEqual(told["openid.mode"], "id_res")
        self.assertEqual(told["openid.pape.auth_time"], self.began.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.clock.move(seconds=1)
        self.miguel.get(self.asked())
        self.assertIn(AGAIN, self.miguel.page.words)
        self.miguel.submit(password=PASSWORD)
        told = self.answer()
        now = self.clock.moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual((told["openid.mode"], told["openid.pape.auth_time"]), ("id_res", now))
        # The one who typed it is still signed in at the site.
        self.miguel.get("/")
        self.assertEqual(self.miguel.page.heading, "Hi, miguel!")

    def test_immediately_it_needs_setup(self):
        self.miguel.visited.clear()
        self.clock.move(minutes=10, seconds=1)
        self.miguel.get(self.asked("checkid_immediate"))
        self.assertEqual(self.answer()["openid.mode"], "setup_needed")
