"""What moderators read of what waits for them, and everybody of what they did."""

import re

from app.database import writing
from app.models import Suspension, Thing
from app.models.moderation.decisions import (
    Decision,
    decide,
)
from app.queries.pagination import PAGE_SIZE
from app.tests.support.people.moderation import ModerationCase
from app.tests.support.reading import selects


class WaitingPageTests(ModerationCase):
    def test_pages_of_moderators_are_none_to_others_whatever_the_method(self):
        post = self.post(self.susan, "Hello")
        paths = ("/moderation", f"/moderation/post/{post.id}", "/moderation/user/susan")
        for reader in (None, self.john, self.susan):
            browser = self.browser(reader)
            browser.get("/explore")
            self.assertNotIn('/moderation"', browser.text)
            self.assertNotIn("Decide", browser.page.words)
            for path in paths:
                with self.subTest(path, reader=reader):
                    browser.get(path)
                    self.assertEqual(browser.status, 404)
        mary = self.browser(self.mary)
        for path in (*paths, "/moderation/post/999", "/moderation/user/nobody"):
            with self.subTest(path):
                mary.get(path)
                self.assertEqual(mary.status, 200 if path in paths else 404)

    def test_a_moderator_no_longer_one_finds_nothing_at_once(self):
        mary = self.browser(self.mary)
        mary.get("/moderation")
        with writing():
            self.mary.role = "member"
        mary.get("/moderation")
        self.assertEqual(mary.status, 404)

    def test_the_count_in_the_menu_always_equals_the_page(self):
        browsers = {name: self.browser(getattr(self, name)) for name in ("mary", "max")}
        posts = [self.susan.write(f"Rude {n}") for n in range(30)]
        steps = [
            lambda: None,
            lambda: self.report(self.john, posts[0]),
            lambda: self.report(self.max, posts[0]),
            lambda: self.report(self.john, self.susan),
            # About a moderator: that one sees nothing of it.
            lambda: self.report(self.john, self.mary),
            lambda: decide(Decision("hide", Thing(self.susan.id, posts[0].id), "Rude."), self.mary),
            lambda: self.suspend(self.susan, 3, self.mary),
            lambda: Suspension.answer(self.susan.id, "I was tired."),
            lambda: [self.report(self.mary, post) for post in posts[:15]],
            lambda: [self.report(self.max, post) for post in posts[15:]],
            lambda: decide(Decision("lift", Thing(self.susan.id), "Well."), self.max),
            lambda: self.susan.delete(),
        ]
        seen = []
        for number, step in enumerate(steps):
            step()
            for name, browser in browsers.items():
                with self.subTest(number, moderator=name):
                    browser.get("/moderation")
                    told = re.search(r"Moderation(?: \((\d+)\))?</a>", browser.text)
                    shown = browser.text.count("<li>")
                    self.assertEqual(int(told[1] or 0), shown)
                    seen.append(shown)
        self.assertEqual(seen[-2:], [0, 1])
        self.assertIn(25, seen)

    def test_a_thing_of_many_reports_is_one_and_the_oldest_come_first(self):
        posts = [self.susan.write(f"Rude {n}") for n in range(3)]
        for post in reversed(posts):
            self.report(self.john, post)
        self.report(self.mary, posts[2])
        mary = self.browser(self.mary)
        mary.get("/moderation")
        self.assertEqual(re.findall(r"Rude \d", mary.page.words), ["Rude 2", "Rude 1", "Rude 0"])
        self.assertIn("2 reports", mary.page.words)

    def test_a_profile_is_named_once_with_what_it_says(self):
        self.susan.update_profile("susan", "I like: quarrels")
        self.report(self.john, self.susan)
        self.report(self.susan, self.john)
        self.susan.update_profile("innocent", "")
        mary = self.browser(self.mary)
        mary.get("/moderation")
        self.assertIn("The profile of innocent: I like: quarrels\n", mary.page.words)
        self.assertIn("The profile of john\n", mary.page.words)

    def test_pages_take_as_many_selects_whatever_waits(self):
        mary = self.browser(self.mary)
        mary.get("/moderation")
        before = selects(lambda: mary.get("/moderation"))
        home = selects(lambda: mary.get("/explore"))
        for number in range(20):
            self.report(self.john, self.susan.write(f"Rude {number}"))
        self.assertEqual(selects(lambda: mary.get("/moderation")), before)
        self.assertEqual(selects(lambda: mary.get("/explore")), home)
        self.assertLessEqual(home, 3)


class ModerationLogTests(ModerationCase):
    def log(self, reader=None) -> str:
        browser = self.browser(reader)
        browser.get("/moderation/log")
        self.assertEqual(browser.status, 200)
        return " ".join(browser.page.words.split())

    def test_a_name_stands_there_only_while_the_decision_does(self):
        rude = self.post(self.susan, "You all are fools")
        thing = Thing(self.susan.id, rude.id)
        decide(Decision("warn", thing, "Hm."), self.mary)
        self.assertIn("mary warned a member: Hm.", self.log())
        decide(Decision("hide", thing, "Rude."), self.mary)
        self.assertIn("mary hid a post of susan: Rude.", self.log())
        decide(Decision("lift", thing, "Sorry."), self.max)
        self.assertNotIn("susan", self.log())
        self.assertIn("max took an earlier decision back: Sorry.", self.log())
        self.suspend(self.susan, 3, self.mary)
        self.assertIn("mary suspended susan until", self.log())
        decide(Decision("lift", Thing(self.susan.id), "Sorry."), self.max)
        self.assertNotIn("susan", self.log())
        self.assertEqual(self.log().count("taken back"), 2)

    def test_it_tells_nothing_of_who_reported_or_who_was_cleared(self):
        self.report(self.john, self.susan, "She bites.")
        decide(Decision("dismiss", Thing(self.susan.id), "Nothing there."), self.mary)
        for word in ("john", "susan", "bites"):
            self.assertNotIn(word, self.log())

    def test_it_is_as_public_as_the_site(self):
        self.assertIn("Nothing yet.", self.log(self.john))
        private = self.make_app(PUBLIC="off")
        with private.app_context():
            self.assertEqual(private.test_client().get("/moderation/log").status_code, 302)

    def test_who_decided_stays_named_when_they_leave_and_whom_it_was_about_does_not(self):
        self.suspend(self.susan, None, self.mary)
        self.mary.delete()
        self.assertIn("mary suspended susan for good", self.log())
        self.susan.delete()
        self.assertIn("mary suspended a member for good", self.log())

    def test_it_is_paged(self):
        for number in range(PAGE_SIZE + 3):
            decide(Decision("warn", Thing(self.susan.id), f"Reason {number}."), self.mary)
        browser = self.browser()
        browser.get("/moderation/log")
        self.assertIn(f"Reason {PAGE_SIZE + 2}.", browser.page.words)
        browser.get(browser.page.links["Older"])
        self.assertEqual(browser.page.words.count("Reason"), 3)
        browser.get(browser.page.links["Newer"])
        self.assertEqual(browser.page.words.count("Reason"), PAGE_SIZE)
        self.assertLessEqual(selects(lambda: browser.get("/moderation/log")), 1)
