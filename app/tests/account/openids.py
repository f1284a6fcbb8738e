"""The pages of settings: a user's OpenIDs and signed-in browsers, and leaving for good."""

from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import Identity, Post, SignIn, User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE, JoinMixin, PeopleTestCase
from app.tests.support.clock import Clock


class OpenIDsTests(JoinMixin, PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.miguel = self.join("miguel")

    def add(self, openid: str):
        self.miguel.get("/settings/account")
        self.miguel.submit(openid=openid)
        return self.miguel

    def account_of_a_stranger(self, username: str) -> str:
        """Make an account, and give its OpenID, which signs nobody in yet."""
        browser = self.browser()
        browser.get("/openid/join")
        browser.submit(username=username, password="correct horse battery")
        return f"{SITE}/id/{username}"

    def sign_in_at_the_provider(self, username: str):
        self.miguel.submit(username=username, password="correct horse battery")

    def test_each_is_listed_with_when_it_was_used(self):
        Clock(self)
        self.miguel.get("/settings/account")
        self.assertIn(f"{SITE}/id/miguel", self.miguel.page.words)
        self.assertIn("Last used just now", self.miguel.page.words)

    def test_another_is_added_by_signing_in_with_it(self):
        second = self.account_of_a_stranger("second")
        self.add(second)
        self.assertEqual(self.miguel.path, "/openid/sign-in")
        self.sign_in_at_the_provider("second")
        self.assertEqual(
            self.miguel.page.statuses, ["You can sign in with your new OpenID from now on."]
        )
        self.assertEqual(self.owner_of(second).nickname, "miguel")

    def test_one_that_belongs_to_somebody_is_refused(self):
        self.join("third")
        self.add(f"{SITE}/id/third")
        self.sign_in_at_the_provider("third")
        self.assert_beside_the_field(PROBLEMS["taken"], f"{SITE}/id/third")
        self.assertEqual(self.owner_of(f"{SITE}/id/third").nickname, "third")

    def test_one_that_is_none_is_refused_and_stays_in_the_field(self):
        for openid, problem in (
            ("http://127.0.0.1:1/nobody", PROBLEMS["refused"]),
            ("", "Please type the OpenID that you want to add."),
            ("x" * 256, "Please use at most 255 characters."),
        ):
            with self.subTest(openid):
                self.add(openid)
                self.assertEqual(self.miguel.status, 400)
                self.assert_beside_the_field(problem, openid)

    def assert_beside_the_field(self, problem: str, typed: str) -> None:
        self.assertEqual(self.miguel.page.alerts, [problem])
        self.assertIn(
            f'<p class="problem" role="alert" id="openid-error">{problem}</p>', self.miguel.text
        )
        form = next(form for form in self.miguel.page.forms if "openid" in form.names)
        self.assertEqual(form.fields["openid"], typed)
        # It is told once.
        self.miguel.get("/settings/account")
        self.assertEqual(self.miguel.page.alerts, [])

    def test_cancelling_leads_back_with_a_word(self):
        second = self.account_of_a_stranger("second")
        self.add(second)
        self.miguel.submit(button="Cancel and go back")
        self.assertEqual(self.miguel.path, "/settings/account")
        self.assertEqual(
            self.miguel.page.statuses, ["You cancelled signing in, so nothing has changed."]
        )
        self.assertIsNone(self.owner_of(second))

    def test_it_is_added_to_whoever_asked_and_to_nobody_else(self):
        second = self.account_of_a_stranger("second")
        self.add(second)
        # Meanwhile somebody else signs in in the same browser.
        self.miguel.sign_in(self.john)
        self.sign_in_at_the_provider("second")
        self.assertIsNone(self.owner_of(second))

    def test_one_is_removed_but_never_the_last(self):
        user = User.find("miguel")
        user.add_identity("https://other.example/")
        self.miguel.get("/settings/account")
        self.miguel.submit(button="Remove https://other.example/")
        self.assertEqual(self.miguel.page.statuses, ["That OpenID is removed."])
        self.assertIsNone(self.owner_of("https://other.example/"))
        self.assertNotIn("Remove", self.miguel.page.words)
        last = db.session.scalar(sa.select(Identity.id).where(Identity.user_id == user.id))
        self.miguel.post(
            f"/settings/account/openids/{last}/remove", {"csrf_token": self.miguel.token()}
        )
        self.assertIn("Your last OpenID stays", self.miguel.page.alerts[0])
        self.assertIsNotNone(self.owner_of(f"{SITE}/id/miguel"))

    def test_somebody_elses_stays(self):
        johns = db.session.scalar(sa.select(Identity.id).where(Identity.user_id == self.john.id))
        User.find("miguel").add_identity("https://other.example/")
        self.miguel.get("/settings/account")
        self.miguel.post(
            f"/settings/account/openids/{johns}/remove", {"csrf_token": self.miguel.token()}
        )
        self.assertEqual(self.owner_of("https://john.example.com/").nickname, "john")


class SettingsTests(PeopleTestCase):
    PAGES = {
        "Profile": ("/edit", "Edit your profile"),
        "Account and sign-in": ("/settings/account", "Account and sign-in"),
        "Data and leaving": ("/settings/data", "Data and leaving"),
        "Blocked": ("/settings/blocked", "People you block"),
    }

    def test_they_are_four_pages_in_the_menu_that_lead_to_one_another(self):
        browser = self.browser(self.john)
        browser.get("/")
        browser.get(browser.page.links["Settings"])
        self.assertEqual(browser.path, "/edit")
        for name, (path, heading) in self.PAGES.items():
            browser.get(browser.page.links[name])
            self.assertEqual((browser.path, browser.page.heading), (path, heading))
            self.assertIn(f'<a href="{path}" aria-current="page">{name}</a>', browser.text)

    def test_whoever_saved_the_profile_finds_it(self):
        browser = self.browser(self.john)
        browser.get("/edit")
        browser.submit(nickname="jonny", about_me="Tea.")
        self.assertEqual(browser.page.statuses, ["Your changes have been saved."])
        browser.get(browser.page.links["Look at your profile"])
        self.assertEqual(browser.path, "/user/jonny")

    def test_an_old_address_still_leads_to_leaving(self):
        browser = self.browser(self.john)
        browser.get("/edit/delete")
        self.assertEqual((browser.path, browser.status), ("/settings/data/leave", 200))


class SignInsTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.here = self.browser(self.john)
        self.there = self.browser(self.john)
        self.susans = self.browser(self.susan)

    def is_in(self, browser) -> bool:
        browser.get("/settings/account")
        return browser.path == "/settings/account"

    def test_each_is_listed_and_this_one_is_marked(self):
        self.here.get("/settings/account")
        self.assertEqual(self.here.page.words.count("(this one)"), 1)
        self.assertEqual(self.here.page.words.count("A browser on an unknown device"), 4)

    def test_a_browser_is_called_by_its_name(self):
        agents = {
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": (
                "Firefox on Linux"
            ),
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0": "Edge on Windows",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
            "Version/19.0 Safari/604.1": "Safari on an iPhone",
            "<script>alert(1)</script>": "A browser on an unknown device",
        }
        for agent, name in agents.items():
            with self.subTest(name):
                SignIn.begin(self.john.id, "https://john.example.com/", browser=agent)
                self.here.get("/settings/account")
                self.assertIn(name, self.here.page.words)
                self.assertNotIn("<script>alert", self.here.text)

    def test_one_is_ended_at_once(self):
        self.here.get("/settings/account")
        other = db.session.scalar(
            sa.select(sa.func.max(SignIn.id)).where(SignIn.user_id == self.john.id)
        )
        self.here.post(f"/settings/account/sign-ins/{other}/end", {"csrf_token": self.here.token()})
        self.assertEqual(self.here.page.statuses, ["That browser is signed out."])
        self.assertFalse(self.is_in(self.there))
        self.assertTrue(self.is_in(self.here))

    def test_ending_this_one_signs_out(self):
        self.here.get("/settings/account")
        own = db.session.scalar(
            sa.select(sa.func.min(SignIn.id)).where(SignIn.user_id == self.john.id)
        )
        self.here.post(f"/settings/account/sign-ins/{own}/end", {"csrf_token": self.here.token()})
        self.assertEqual(self.here.path, "/login")
        self.assertFalse(self.is_in(self.here))
        self.assertTrue(self.is_in(self.there))

    def test_all_are_ended_and_nobody_elses(self):
        self.here.get("/settings/account")
        self.here.submit(button="Sign out everywhere")
        self.assertEqual(
            [self.is_in(browser) for browser in (self.here, self.there, self.susans)],
            [False, False, True],
        )

    def test_somebody_elses_goes_on(self):
        susans = db.session.scalar(sa.select(SignIn.id).where(SignIn.user_id == self.susan.id))
        self.here.get("/settings/account")
        self.here.post(
            f"/settings/account/sign-ins/{susans}/end", {"csrf_token": self.here.token()}
        )
        self.assertTrue(self.is_in(self.susans))

    def test_they_end_by_themselves_when_unused(self):
        for remembered, days, ended in (
            (False, 29, False),
            (False, 31, True),
            (True, 364, False),
            (True, 366, True),
        ):
            with self.subTest(remembered=remembered, days=days):
                browser = self.browser(self.john)
                db.session.execute(
                    sa.update(SignIn).values(
                        remembered=remembered, last_used=now() - timedelta(days=days)
                    )
                )
                db.session.commit()
                self.assertEqual(self.is_in(browser), not ended)


class LeavingTests(PeopleTestCase):
    def test_it_is_asked_twice(self):
        self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.get("/settings/account")
        browser.get(browser.page.links["Data and leaving"])
        browser.get(browser.page.links["Leave this site"])
        self.assertIsNotNone(User.find("john"))
        browser.submit(nickname="susan")
        self.assertEqual(browser.status, 400)
        self.assertEqual(
            browser.page.alerts, ["Please type your own nickname, so that this is no mistake."]
        )
        self.assertEqual(self.count(User), 2)
        browser.submit(nickname="john")
        self.assertEqual(browser.path, "/login")
        self.assertEqual(
            browser.page.statuses, ["You and all that you wrote are deleted. Farewell!"]
        )
        for model, left in ((User, 1), (Post, 0), (Identity, 1), (SignIn, 0)):
            self.assertEqual(self.count(model), left, model)

    def test_looking_at_the_page_deletes_nobody(self):
        browser = self.browser(self.john)
        browser.get("/settings/data/leave")
        self.assertEqual(browser.status, 200)
        self.assertEqual(self.count(User), 2)
