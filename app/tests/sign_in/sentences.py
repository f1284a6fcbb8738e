"""What goes wrong abroad is told in plain sentences, and nothing typed is lost."""

from unittest import mock

from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE, Browser
from app.tests.support.openid.second_provider import Reply, SecondProvider
from app.tests.support.openid.signing_in import SecondProviderCase


class SentenceTests(SecondProviderCase):
    """What goes wrong is said in a sentence of ours, beside what was typed."""

    def assert_problem(self, browser: Browser, problem: str, typed: str):
        self.assertEqual(browser.path, "/login")
        told = browser.page.statuses if problem == "cancelled" else browser.page.alerts
        self.assertEqual(told, [PROBLEMS[problem]])
        self.assertEqual(browser.page.value("openid"), typed)

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
            (SITE + "/logout", "not_openid"),
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
                self.assertEqual(browser.page.value("openid"), typed)

    def test_a_provider_that_does_not_answer_in_time(self):
        typed = self.provider.origin + "/id/susan"
        browser = self.begin(typed)
        answer = self.decide(browser)
        self.enterContext(mock.patch.dict(self.app.config, FETCH_SECONDS=0.5))
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
