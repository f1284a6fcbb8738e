"""The door's one form: what was pressed, typed or left alone says which way is meant."""

import html5lib

from app.forms import typed
from app.forms.sign_in import chooses_openid
from app.tests.support.base import PASSWORD, JoinMixin
from app.tests.support.openid.signing_in import SecondProviderCase

# What stands in the field when an OpenID was cancelled or refused, and what else may.
OFFERED, OTHER = "susan.example.com", "https://other.example.com/"
KEPT = {"openid": OFFERED, "offered": OFFERED}
ACCOUNT = {"username": "miguel", "password": PASSWORD}
EMPTY = {"username": "", "password": "", "openid": "", "offered": "", "username_there": ""}


class ChosenWayTests(SecondProviderCase):
    def test_each_form_goes_one_way(self):
        for name, sent, openid in (
            ("nothing", {}, False),
            ("an account", ACCOUNT, False),
            ("a username alone", {"username": "miguel"}, False),
            ("a password alone", {"password": PASSWORD}, False),
            ("an OpenID", {"openid": OTHER}, True),
            ("an OpenID beside an account", ACCOUNT | {"openid": OTHER}, True),
            ("another than was offered", ACCOUNT | KEPT | {"openid": OTHER}, True),
            ("the offered one", KEPT, True),
            ("the offered one with spaces", KEPT | {"openid": f" {OFFERED} "}, True),
            ("an account beside the offered one", ACCOUNT | KEPT, False),
            ("an account beside it with spaces", ACCOUNT | KEPT | {"openid": f"{OFFERED} "}, False),
            ("an account in place of the offered one", ACCOUNT | KEPT | {"openid": ""}, False),
            ("the OpenID's button", {"provider": ""}, True),
            ("its button beside an account", ACCOUNT | KEPT | {"provider": ""}, True),
            ("a provider beside an account", ACCOUNT | {"provider": "Steam"}, True),
            ("a username there", {"username_there": "susan"}, True),
            ("an account beside it", ACCOUNT | {"username_there": "susan"}, False),
        ):
            with self.subTest(name):
                self.assertIs(chooses_openid(EMPTY | sent), openid)
                self.assertIs(typed.holds_password(EMPTY | sent), not openid)

    def test_a_form_of_one_way_alone_needs_nothing_of_the_other(self):
        for sent, openid in (
            ({"openid": OTHER, "remember_me": "y"}, True),
            ({"openid": ""}, True),
            (ACCOUNT | {"remember_me": "y"}, False),
        ):
            with self.subTest(sent):
                self.assertIs(chooses_openid(sent), openid)


class OneFormTests(JoinMixin, SecondProviderCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        self.join("miguel")

    def at_the_door(self):
        browser = self.browser()
        browser.get("/login")
        return browser

    def cancelled(self):
        """Return a browser whose door offers the OpenID that was typed before."""
        self.provider.decision = "cancel"
        return self.sign_in()

    def test_there_is_one_box_and_one_field_of_each_name(self):
        for settings in ({}, {"PROVIDER": "off"}):
            with self.subTest(**settings):
                self.app = self.make_app(**settings)
                tree = html5lib.parse(self.at_the_door().text, namespaceHTMLElements=False)
                names = [e.get("name") for e in tree.iter("input") if e.get("name")]
                self.assertEqual(names.count("remember_me"), 1)
                self.assertEqual(sorted(set(names)), sorted(names))

    def test_what_was_typed_for_both_ways_is_kept_whichever_is_refused(self):
        both = {"username": "miguel", "username_there": "mig", "remember_me": "y"}
        for sent in (
            {"openid": "127.0.0.1:1/x"},
            {"openid": "127.0.0.1:1/x", "offered": "127.0.0.1:1/x", "password": "wrong"},
            {"openid": "x" * 256},
        ):
            with self.subTest(sent):
                browser = self.at_the_door()
                browser.submit(**both, **sent)
                self.assertEqual((browser.status, len(browser.page.alerts)), (400, 1))
                kept = browser.page.forms[0].fields
                self.assertLessEqual(both.items(), kept.items())
                self.assertEqual((kept["openid"], kept["password"]), (sent["openid"], ""))
                # As it stands it is no news.
                self.assertEqual(kept["offered"], kept["openid"])

    def test_a_refused_openid_has_the_focus_whatever_stands_in_the_account(self):
        browser = self.at_the_door()
        browser.submit(**ACCOUNT, openid="127.0.0.1:1/x")
        tree = html5lib.parse(browser.text, namespaceHTMLElements=False)
        [focused] = [e.get("id") for e in tree.iter() if e.get("autofocus") is not None]
        self.assertEqual(focused, "openid")

    def test_the_offered_openid_is_asked_again_or_gives_way_to_the_account(self):
        again = self.cancelled()
        self.assertEqual(again.page.value("openid"), self.provider.origin + "/")
        again.submit(username="")
        self.assertTrue(again.url.startswith(self.provider.endpoint), again.url)
        home = self.cancelled()
        home.submit(**ACCOUNT)
        self.assertEqual(home.page.heading, "Hi, miguel!")

    def test_an_openid_is_no_guess_at_a_password_that_was_filled_in(self):
        for number in range(25):
            browser = self.at_the_door()
            browser.submit(username=f"nobody{number}", password="wrong")
        browser.submit(**ACCOUNT)
        self.assertEqual(browser.status, 429)
        browser = self.at_the_door()
        browser.submit(**ACCOUNT, openid=self.provider.origin + "/")
        self.assertTrue(browser.url.startswith(self.provider.endpoint), browser.url)
        browser = self.at_the_door()
        browser.ask_own_provider(**ACCOUNT)
        self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 200))

    def test_the_provider_s_own_page_counts_guesses_whatever_else_its_form_holds(self):
        for number in range(26):
            browser = self.at_the_door()
            browser.get("/openid/sign-in")
            data = browser.page.forms[0].fields | {"username": f"nobody{number}"}
            browser.post("/openid/sign-in", data | {"password": "x", "provider": "own"})
        self.assertEqual(browser.status, 429)

    def test_an_expired_openid_is_sent_again_and_goes_the_same_way(self):
        for sent in ({}, {"provider": "", "offered": self.provider.origin + "/"}):
            with self.subTest(sent):
                browser = self.at_the_door()
                openid = {"openid": self.provider.origin + "/", "csrf_token": "stale"}
                browser.post("/login", EMPTY | ACCOUNT | openid | sent)
                self.assertEqual(browser.page.heading, "This form has expired")
                self.assertNotIn(PASSWORD, browser.text)
                browser.submit(button="Send it again")
                self.assertTrue(browser.url.startswith(self.provider.endpoint), browser.url)
