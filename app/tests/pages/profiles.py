"""A user's page and editing it."""

from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models import User
from app.models.nicknames import RESERVED
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.clock import Clock


class ProfilePageTests(PeopleTestCase):
    def test_it_shows_who_the_user_is_and_what_they_wrote(self):
        self.susan.update_profile("susan", "I like tea.\nAnd cats.")
        self.post(self.susan, "of susan")
        self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.get("/user/susan")
        self.assertEqual(browser.page.heading, "susan")
        self.assertIn("I like tea.\nAnd cats.", browser.text)
        self.assertIn("Last seen just now", browser.page.words)
        self.assertIn(self.susan.avatar(128).replace("&", "&amp;"), browser.text)
        self.assertIn("of susan", browser.page.words)
        self.assertNotIn("of john", browser.page.words)
        self.assertNotIn("Edit your profile", browser.page.links)

    def test_its_owner_finds_the_way_to_edit(self):
        browser = self.browser(self.john)
        browser.get("/user/JOHN")
        self.assertEqual(browser.page.links["Edit your profile"], "/edit")

    def test_an_unknown_nickname_leads_home_with_a_word(self):
        for nickname in ("nobody", "%00", "a%0Ab", "'; DROP TABLE user; --", "é", "x" * 300):
            # What a link says is no message of this site.
            with self.subTest(nickname):
                browser = self.browser(self.john)
                browser.get(f"/user/{nickname}")
                self.assertEqual(browser.url, SITE + "/")
                self.assertEqual(browser.page.alerts, ["User not found."])

    def test_older_posts_of_one_user(self):
        for n in range(30):
            self.post(self.susan, f"susan {n}")
            self.post(self.john, f"john {n}")
        browser = self.browser(self.john)
        browser.get("/user/susan")
        browser.get(browser.page.links["Older"])
        self.assertIn("susan 0", browser.page.words)
        self.assertNotIn("john", browser.page.words)

    def test_looking_writes_last_seen_at_most_once_a_minute(self):
        Clock(self)
        browser = self.browser(self.john)
        for ago, moves in ((timedelta(seconds=30), False), (timedelta(seconds=61), True)):
            with self.subTest(ago):
                before = now() - ago
                db.session.execute(sa.update(User).values(last_seen=before))
                db.session.execute(
                    sa.text(
                        "UPDATE sign_in SET last_used = (SELECT last_seen"
                        ' FROM "user" WHERE "user".id = user_id)'
                    )
                )
                db.session.commit()
                browser.get("/user/susan")
                db.session.expire_all()
                self.assertEqual(self.john.last_seen > before, moves)
                self.assertEqual(self.susan.last_seen, before)


class AvatarTests(PeopleTestCase):
    def test_without_an_email_it_is_an_identicon_of_a_random_value(self):
        dave, dora = self.person("dave"), self.person("dora")
        self.assertNotEqual(dave.avatar(48), dora.avatar(48))
        self.assertEqual(dave.avatar(48), f"/avatar/{dave.avatar_seed}.svg")

    def test_with_gravatar_off_it_is_drawn_here_and_kept_for_ever(self):
        self.app = self.make_app(GRAVATAR="off")
        browser = self.browser(self.john)
        browser.get("/user/john")
        self.assertNotIn("gravatar.com", browser.text)
        self.assertNotIn("gravatar.com", browser.response.headers["Content-Security-Policy"])
        address = browser.text.split('<img src="')[1].split('"')[0]
        drawn = browser.get(address)
        self.assertEqual(drawn.mimetype, "image/svg+xml")
        self.assertIn("immutable", drawn.headers["Cache-Control"])
        self.assertIn("<svg", browser.text)
        self.assertNotIn("Set-Cookie", drawn.headers)


class EditPageTests(PeopleTestCase):
    def edit(self, nickname: str, about_me: str = "about john"):
        browser = self.browser(self.john)
        browser.get("/edit")
        browser.submit(nickname=nickname, about_me=about_me)
        db.session.expire_all()
        return browser

    def test_changes_are_saved(self):
        browser = self.edit("johnny", "new words")
        self.assertEqual(browser.page.statuses, ["Your changes have been saved."])
        self.assertEqual((self.john.nickname, self.john.about_me), ("johnny", "new words"))
        browser.get("/user/johnny")
        self.assertEqual(browser.page.heading, "johnny")

    def test_keeping_the_nickname_or_changing_its_case_is_no_clash(self):
        for nickname in ("john", "John", "JOHN"):
            with self.subTest(nickname):
                self.assertEqual(self.edit(nickname).page.alerts, [])
                self.assertEqual(self.john.nickname, nickname)

    def test_a_refused_nickname_stays_in_the_form_with_its_reason(self):
        taken = "This nickname is already in use. Please choose another one."
        characters = "Please use only letters from a to z, digits, dots, dashes and underscores."
        reserved = "This name is kept for the site itself. Please choose another one."
        ends = "Please begin and end with a letter, a digit or an underscore."
        for nickname, reason in {
            "susan": taken,
            "SuSaN": taken,
            "a b": characters,
            "<b>": characters,
            "é": characters,
            "a/b": characters,
            "x" * 65: "Please use at most 64 characters.",
            "": "Please choose a name.",
            "   ": "Please choose a name.",
            "...": "Please use at least one letter or digit.",
            "admin": reserved,
            "Edit": reserved,
            "john.": ends,
            "-john": ends,
            "john-": ends,
            ".john_": ends,
            "moderator_": reserved,
            "_Root": reserved,
            "a.d.m.i.n": reserved,
            "Log-In": reserved,
        }.items():
            with self.subTest(nickname):
                browser = self.edit(nickname, "kept words")
                self.assertEqual(browser.status, 400)
                self.assertEqual(browser.page.alerts, [reason])
                fields = browser.page.forms[1].fields
                self.assertEqual(fields["nickname"], nickname.strip())
                self.assertEqual(fields["about_me"], "kept words")
                self.assertEqual((self.john.nickname, self.john.about_me), ("john", ""))

    def test_a_name_from_before_the_rules_stays_until_another_one_is_chosen(self):
        for old in ("john.", "-john", "admin.", "a.d.m.i.n"):
            with self.subTest(old):
                self.john.update_profile(old, "")
                browser = self.edit(old, f"words of {old}")
                self.assertEqual(browser.page.statuses, ["Your changes have been saved."])
                self.assertEqual((self.john.nickname, self.john.about_me), (old, f"words of {old}"))
                browser.get(f"/user/{old}")
                self.assertEqual(browser.page.heading, old)

    def test_about_me_takes_140_characters_and_no_more(self):
        self.edit("john", "x" * 140)
        self.assertEqual(self.john.about_me, "x" * 140)
        browser = self.edit("john", "y" * 141)
        self.assertEqual(browser.status, 400)
        self.assertEqual(browser.page.alerts, ["Please use at most 140 characters. This has 141."])
        self.assertEqual(browser.page.forms[1].fields["about_me"], "y" * 141)
        self.assertEqual(self.john.about_me, "x" * 140)

    def test_about_me_can_be_cleared(self):
        self.edit("john", "something")
        self.edit("john", "")
        self.assertEqual(self.john.about_me, "")

    def test_every_route_name_is_kept_for_the_site(self):
        first_parts = {rule.rule.split("/")[1] for rule in self.app.url_map.iter_rules()}
        own = {part for part in first_parts if part and not part.startswith("<")}
        own -= {"explore.atom"}
        self.assertLessEqual(own - {"openid"}, RESERVED | {"openid"})
