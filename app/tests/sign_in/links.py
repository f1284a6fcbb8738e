"""Nothing that stands in a link ends up in a field, where one press would send it."""

from urllib.parse import quote, urlencode

from app.tests.support.base import SITE, Browser
from app.tests.support.openid.signing_in import SecondProviderCase

EVIL = "http://evil.example/me"
NAMES = ("typed", "openid", "nickname", "username", "state")


def fields_of(browser: Browser) -> str:
    """Return all that stands in the fields of a page, but where its forms lead on to."""
    forms = [form.fields for form in browser.page.forms]
    return " ".join(v for fields in forms for name, v in fields.items() if name != "next")


class LinkTests(SecondProviderCase):
    def links(self, path: str):
        for name in NAMES:
            for value in (EVIL, "evil.example", '{"openid": "http://evil.example/me"}'):
                query = urlencode({name: value})
                yield f"{path}?{query}"
                yield f"/login?openid_complete=yes&next={quote(path)}&{query}"
                yield f"/login?openid_complete=yes&state=&next={quote(path)}&{query}"
                cancelled = f"state=x&next={quote(path)}&openid.mode=cancel"
                yield f"/login?openid_complete=yes&{cancelled}&{query}"
                yield f"/login?next={quote(path)}&{query}"

    def test_no_link_fills_in_a_field_of_a_member(self):
        member = self.sign_in()
        for path in (
            "/settings/account",
            "/settings/data/leave",
            "/settings/proof",
            "/",
            "/openid",
        ):
            for link in self.links(path):
                with self.subTest(link):
                    member.get(SITE + link)
                    self.assertNotIn("evil.example", fields_of(member))
                    member.get(path)
                    self.assertNotIn("evil.example", fields_of(member))
            # Nor is any of it kept for another page.
            for shown in ("/settings/account", "/settings/data/leave"):
                member.get(shown)
                self.assertNotIn("evil.example", fields_of(member))

    def test_no_link_fills_in_a_field_of_a_visitor(self):
        visitor = self.browser()
        for path in ("/login", "/", "/openid/sign-in", "/openid/join"):
            for link in self.links(path):
                with self.subTest(link):
                    visitor.get(SITE + link)
                    self.assertNotIn("evil.example", fields_of(visitor))
                    visitor.get("/login")
                    self.assertNotIn("evil.example", fields_of(visitor))

    def test_a_form_of_another_site_fills_in_none_either(self):
        for browser in (self.browser(), self.sign_in()):
            for name in NAMES:
                fields = {name: EVIL, "openid_complete": "yes", "openid.mode": "cancel"}
                for path in ("/login?openid_complete=yes", "/login", "/settings/account/openids"):
                    headers = {"Origin": "http://evil.example"}
                    browser.post(path, fields, headers=headers)
                    for shown in ("/login", "/settings/account"):
                        browser.get(shown)
                        self.assertNotIn("evil.example", fields_of(browser))

    def test_a_cancelled_answer_gives_back_what_was_typed_and_nothing_it_says(self):
        self.provider.decision = "cancel"
        for name in ("typed", "openid", "nickname"):
            with self.subTest(name):
                browser = self.begin()
                answer = self.decide(browser)
                browser.get(answer.url + "&" + urlencode({name: EVIL}))
                form = next(form for form in browser.page.forms if "openid" in form.fields)
                self.assertEqual(form.fields["openid"], self.provider.origin + "/")
                browser.get("/login")
                self.assertNotIn(self.provider.origin, fields_of(browser))

    def test_the_address_of_the_answer_holds_nothing_that_was_typed(self):
        typed = self.provider.origin + "/id/susan"
        asked = self.begin(typed).url
        self.assertNotIn("typed", asked)

    def test_what_was_typed_in_one_field_is_not_shown_in_another(self):
        browser = self.browser()
        with browser.client.session_transaction(base_url=SITE) as session:
            session["typed"] = {"nickname": EVIL}
        browser.get("/login")
        self.assertNotIn("evil.example", fields_of(browser))

    def test_the_cookie_of_an_earlier_version_breaks_nothing(self):
        for kept in ({"typed": "x"}, {"sign_ins": [["state", False, None]]}):
            with self.subTest(kept):
                browser = self.browser()
                with browser.client.session_transaction(base_url=SITE) as session:
                    session.update(kept)
                browser.get("/login?openid_complete=yes&state=state")
                self.assertEqual(browser.status, 200)
                self.begin(browser=browser)
                self.come_back(browser, self.decide(browser))
                self.assertEqual(browser.page.heading, "Hi, susan!")

    def test_a_newcomer_of_an_earlier_version_proves_the_openid_again(self):
        browser = self.browser()
        with browser.client.session_transaction(base_url=SITE) as session:
            session["newcomer"] = [self.provider.origin + "/id/susan", None, False]
        browser.get("/login/nickname")
        self.assertEqual((browser.path, browser.status), ("/login", 200))
