"""Signing in with a provider abroad: bound to the browser that began it, in plain sentences."""

import re
import secrets
from urllib.parse import quote, urlencode

from flask import session
from openid.message import OPENID2_NS

from app.models import SignIn
from app.openid.relying_party import PROBLEMS, SignInRefused, oid
from app.tests.support.base import PASSWORD, SITE, Browser
from app.tests.support.openid.second_provider import Answer
from app.tests.support.openid.signing_in import SecondProviderCase

OWN = SITE + "/id/victim"
OWN_ENDPOINT = SITE + "/openid"


class BoundAnswerTests(SecondProviderCase):
    """An answer is good once, and in the browser that asked for it."""

    def assert_refused(self, browser: Browser, problem: str):
        self.assertEqual((browser.path, browser.status), ("/login", 200))
        told = browser.page.statuses if problem == "cancelled" else browser.page.alerts
        self.assertEqual(told, [PROBLEMS[problem]])
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
        for path, vouches, problem in [
            ("/", False, "invalid"),
            ("/old/susan", False, "invalid"),
            # Also when its provider calls it good once more.
            ("/", True, "used"),
            ("/old/susan", True, "used"),
        ]:
            with self.subTest(path, vouches=vouches):
                self.empty_database()
                self.provider.vouches = vouches
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
                self.assert_refused(browser, problem)

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


class TryLoginTests(SecondProviderCase):
    """Whoever calls it gets a response, or an exception that nobody takes for one."""

    def test_a_response_sends_the_visitor_to_the_provider(self):
        with self.app.test_request_context("/login", base_url=SITE):
            response = oid.try_login(self.provider.origin + "/id/susan")
        self.assertEqual(response.status_code, 302)
        self.assertTrue(response.location.startswith(self.provider.endpoint + "?"))

    def test_a_refusal_is_raised_and_nothing_is_expected_then(self):
        for identifier, problem in [
            ("=example", "not_openid"),
            (self.provider.origin + "/nothing", "not_found"),
            ("http://10.0.0.1/", "refused"),
        ]:
            with (
                self.subTest(identifier),
                self.app.test_request_context("/login", base_url=SITE),
            ):
                with self.assertRaises(SignInRefused) as raised:
                    oid.try_login(identifier, remember=True)
                self.assertEqual(raised.exception.problem, problem)
                self.assertEqual(str(raised.exception), PROBLEMS[problem])
                self.assertEqual(dict(session), {})
