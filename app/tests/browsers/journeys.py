"""The ways through the site in a real browser, each with scripts off and with scripts on.

Cookies, redirects, the policy of each page and what other sites may do are the browser's own
business here. The site is on localhost and the others are on 127.0.0.1, since to a browser
two ports of one host are one site.
"""

import json
import unittest
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from app import db
from app.database import now
from app.forms import TAKEN
from app.models import SignIn
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import PASSWORD
from app.tests.support.failures import PAGE as FAILURE
from app.tests.support.openid.relying_party import request_path
from app.tests.support.openid.second_provider import Reply
from app.tests.support.programs.journeys import JourneyCase
from app.views.settings.proofs import AGAIN


class Journeys(JourneyCase):
    # Signing in and out

    def test_a_newcomer_joins_signs_out_and_signs_in_again(self):
        self.open("/")
        self.assert_shown("Sign in")
        self.chromium.follow("Make an account")
        self.chromium.fill(username="miguel", password=PASSWORD, email="miguel@example.com")
        self.chromium.press("Make my account")
        self.assert_shown("Hi, miguel!", "Welcome, miguel!")
        self.chromium.press("Sign out")
        self.assert_shown("Sign in", "You are signed out.")
        self.open("/edit")
        self.assert_shown("Sign in", "Please sign in to see this page.")
        self.chromium.fill(username="miguel", password=PASSWORD)
        self.chromium.press("Sign in")
        self.assert_shown("Edit your profile")

    def go_to_the_second_provider(self) -> None:
        self.open("/login")
        self.chromium.fill(openid=self.provider.origin + "/")
        self.chromium.press("Sign in with OpenID")

    def test_the_second_provider_asks_and_sends_the_visitor_back_by_an_address(self):
        self.provider.interactive = True
        self.provider.chosen = f"/id/by-address-{self.scripts}"
        self.go_to_the_second_provider()
        self.assertTrue(self.chromium.url.startswith(self.provider.endpoint))
        self.chromium.press("Allow")
        self.assertRegex(self.chromium.heading, r"^Hi, susan\d*!$")

    def test_who_cancels_there_is_told_that_nothing_has_changed(self):
        self.provider.interactive = True
        self.go_to_the_second_provider()
        self.chromium.press("Cancel")
        self.assert_shown("Sign in", "You cancelled signing in, so nothing has changed.")
        shown = self.chromium.field("openid").get_attribute("value")
        self.assertEqual(shown, self.provider.origin + "/")

    def test_the_second_provider_sends_the_visitor_back_by_a_form(self):
        for padding in (10, 3000):
            with self.subTest(padding=padding):
                self.provider.by_form = True
                self.provider.chosen = f"/id/by-form-{padding}"
                # With more than an address can take, the answer goes on by a page of ours.
                self.provider.lies = {"padding": "x" * padding}
                self.site.requests.clear()
                self.go_to_the_second_provider()
                if not self.scripts:
                    self.assertTrue(self.chromium.url.startswith(self.provider.endpoint))
                    self.chromium.press("Continue")
                    if padding == 3000:
                        self.assert_shown("One moment")
                        self.chromium.press("Continue")
                self.chromium.wait_until(lambda: "Hi, susan" in "".join(self.chromium.texts("h1")))
                # The browser showed that form's request no cookie.
                posts = [
                    cookies
                    for method, path, cookies in self.site.requests
                    if (method, path) == ("POST", "/login")
                ]
                self.assertEqual(posts, [True, False] + [True] * (padding == 3000))
                self.chromium.press("Sign out")

    def test_another_site_learns_who_somebody_is_when_they_allow_it(self):
        back = self.provider.origin + "/back"
        self.provider.pages["/back"] = Reply("<!doctype html><title>b</title><h1>Over there</h1>")
        for name, button in (("ana", "Allow"), ("bea", "Deny")):
            with self.subTest(button):
                self.open(request_path(realm=self.provider.origin + "/", return_to=back))
                self.chromium.follow("Make an account")
                self.chromium.fill(username=f"{name}", password=PASSWORD)
                self.chromium.press("Make my account")
                self.assert_shown(
                    "Sign in at another site?",
                    alert="microblog could not confirm that "
                    f"{urlsplit(self.provider.origin).netloc} sent you here. Allow it only if "
                    "you have just begun signing in there.",
                )
                self.chromium.press(button)
                self.assert_shown("Over there")
                told = parse_qs(urlsplit(self.chromium.url).query)
                expected = {"Allow": "id_res", "Deny": "cancel"}[button]
                self.assertEqual(told["openid.mode"], [expected])
                self.chromium.command("Network.clearBrowserCookies")

    def test_a_member_shows_once_more_who_they_are_and_adds_an_openid(self):
        first, other = (f"{self.provider.origin}/id/{n}-{self.scripts}" for n in ("one", "two"))
        self.open("/login")
        self.chromium.fill(openid=first)
        self.chromium.press("Sign in with OpenID")
        db.session.execute(sa.update(SignIn).values(proved=now() - timedelta(hours=1)))
        db.session.commit()
        self.open("/settings/account")
        self.chromium.fill(openid=other)
        self.chromium.press("Add")
        self.assert_shown("Account and sign-in", AGAIN)
        self.assertEqual(self.chromium.field("openid").get_attribute("value"), other)
        self.chromium.press("Add")
        added = "You can sign in with your new OpenID from now on."
        self.assert_shown("Account and sign-in", added)

    # Writing and reading

    def test_a_member_writes_a_post_and_deletes_it(self):
        self.sign_in(self.person("writer"))
        self.open("/")
        self.chromium.fill(post="Rain on the roof, tea in the pot")
        self.chromium.press("Post")
        self.assert_shown("Home", "Your post is live.")
        self.assertIn("Rain on the roof, tea in the pot", self.posts())
        self.chromium.follow("Delete your post “Rain on the roof")
        self.chromium.press("Delete it for good")
        self.assert_shown("Hi, writer!", "Your post is deleted.")
        self.assertNotIn("Rain on the roof, tea in the pot", self.posts())

    def test_a_profile_is_refused_with_nothing_lost_and_then_saved(self):
        self.person("taken")
        self.sign_in(self.person("renamer"))
        self.open("/edit")
        self.chromium.fill(nickname="Taken", about_me="Keeps bees,\nand a diary")
        self.chromium.press("Save changes")
        self.assert_shown("Edit your profile", alert=TAKEN)
        self.assertEqual(self.chromium.status, 400)
        nickname = self.chromium.field("nickname")
        described = nickname.get_attribute("aria-describedby").split()
        self.assertIn(TAKEN, [self.chromium.texts(f"[id='{name}']")[0] for name in described])
        # One reason alone stands beside its field, where one can type at once.
        self.assertEqual(nickname, self.chromium.driver.switch_to.active_element)
        self.assertEqual(nickname.get_attribute("value"), "Taken")
        about_me = self.chromium.field("about_me")
        self.assertEqual(about_me.get_attribute("value"), "Keeps bees,\nand a diary")
        self.chromium.fill(nickname="renamed")
        self.chromium.press("Save changes")
        self.assert_shown("Edit your profile", "Your changes have been saved.")
        self.open("/user/renamed")
        self.assertIn("Keeps bees,\nand a diary", self.chromium.texts("main")[0])
        self.open("/edit")
        self.chromium.fill(nickname="renamer")
        self.chromium.press("Save changes")

    def test_a_member_finds_somebody_and_follows_them(self):
        self.person("walker").write("Forty kilometres of fog")
        self.sign_in(self.person("reader"))
        self.open("/search")
        self.chromium.fill(q="fog")
        self.chromium.press("Search")
        self.assertEqual(self.posts(), ["Forty kilometres of fog"])
        self.chromium.follow("walker")
        self.chromium.press("Follow")
        self.assert_shown("walker", "You are following walker.")
        self.open("/")
        self.assertEqual(self.posts(), ["Forty kilometres of fog"])
        self.open("/user/walker")
        self.chromium.press("Unfollow")
        self.assert_shown("walker", "You are not following walker any more.")

    def test_a_member_blocks_somebody_and_undoes_it(self):
        self.person("loud").write("Listen to me, @calm")
        self.sign_in(self.person("calm"))
        self.open("/user/loud")
        self.assertEqual(self.posts(), ["Listen to me, @calm"])
        self.chromium.press("Block")
        blocked = "You have blocked loud. Neither of you sees what the other writes."
        self.assert_shown("loud", blocked)
        self.assertEqual(self.posts(), [])
        for path in ("/explore", "/search?q=listen"):
            self.open(path)
            self.assertNotIn("Listen to me, @calm", self.posts())
        self.open("/edit")
        self.chromium.follow("Blocked")
        self.chromium.press("Unblock loud")
        self.assert_shown("People you block", "You do not block loud any more.")
        self.open("/user/loud")
        self.assertEqual(self.posts(), ["Listen to me, @calm"])

    def test_older_posts_are_a_page_further(self):
        author = self.person("diarist")
        for number in range(PAGE_SIZE + 3):
            author.write(f"Day {number}")
        self.open("/user/diarist")
        self.assertEqual(self.posts()[0], f"Day {PAGE_SIZE + 2}")
        self.chromium.follow("Older")
        self.assertEqual(self.posts(), ["Day 2", "Day 1", "Day 0"])
        self.chromium.follow("Newer")
        self.assertEqual(self.posts()[0], f"Day {PAGE_SIZE + 2}")

    # What goes wrong

    def test_an_address_that_is_none_and_a_failure_lead_back_home(self):
        for path, status, heading in (("/nowhere", 404, "File Not Found"), ("/fail", 500, FAILURE)):
            with self.subTest(path):
                self.open(path)
                self.assert_shown(heading)
                self.assertEqual(self.chromium.status, status)
                self.chromium.follow("Back to the home page")
                self.assert_shown("Sign in")


class JourneysWithoutScriptsTests(Journeys, unittest.TestCase):
    scripts = False


class JourneysWithScriptsTests(Journeys, unittest.TestCase):
    scripts = True

    def test_what_is_left_is_counted_while_one_types(self):
        self.sign_in(self.person("typist"))
        self.open("/")
        for typed, told in {
            "tea": "137 characters left",
            "  tea ": "137 characters left",
            "cafe\u0301 ☂ 𝄞": "132 characters left",
            "x" * 139: "1 character left",
            "x" * 153: "13 characters too many",
        }.items():
            with self.subTest(typed):
                self.chromium.field("post").clear()
                # As from a clipboard, for a driver has no keys for some characters.
                self.chromium.run(
                    "{const field = document.getElementById('post');"
                    f"field.value = {json.dumps(typed)};"
                    "field.dispatchEvent(new Event('input'))}"
                )
                self.assertEqual(self.chromium.texts("#post-left"), [told])

    def test_a_password_is_shown_where_it_stands_and_hidden_again(self):
        self.open("/openid/join")
        self.chromium.fill(password=PASSWORD)
        field = self.chromium.field("password")
        for label, kind in (("Show password", "text"), ("Hide password", "password")):
            self.chromium.driver.find_element("xpath", f"//button[.='{label}']").click()
            self.assertEqual(field.get_attribute("type"), kind)
            self.assertEqual(field.get_attribute("value"), PASSWORD)
        self.assertEqual(self.chromium.path, "/openid/join")

    def test_what_a_page_forbids_or_asks_of_others_does_not_go_unnoticed(self):
        self.open("/login")
        self.chromium.run("document.body.setAttribute('style', 'color: red')")
        self.chromium.run("document.body.append(Object.assign(new Image(), {src: '//a.example'}))")
        refusals = []
        self.chromium.wait_until(lambda: refusals.extend(self.chromium.problems()) or refusals)
        self.assertIn("Content Security Policy", " ".join(refusals))
