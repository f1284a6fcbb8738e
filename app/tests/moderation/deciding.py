"""What moderators do: who may, what becomes of it, and what two of them at once come to."""

import itertools
import re

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Action, HiddenPost, Post, Report, Suspension, Thing, User
from app.models.moderation.decisions import (
    DEEDS,
    DecidedMeanwhile,
    Decision,
    Impossible,
    NotAllowed,
    decide,
)
from app.queries.pagination import PAGE_SIZE
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.moderation import ModerationCase
from app.tests.support.reading import selects

DONE = "Done. Everybody can read it in the log."


class WhoMayTests(ModerationCase):
    """Every deed, by everybody, about a member, a moderator and oneself."""

    ROLES = ("visitor", "member", "moderator", "keeper")
    TARGETS = ("member", "moderator", "self")

    def test_who_may_and_who_finds_no_such_page(self):
        for kind, role, target in itertools.product(DEEDS, self.ROLES, self.TARGETS):
            with self.subTest(kind=kind, role=role, target=target):
                if role in {"visitor", "keeper"} and target == "self":
                    continue
                self.empty_database()
                self.setUp_people()
                doer = {"member": self.john, "moderator": self.mary}.get(role)
                about = {"member": self.susan, "moderator": self.max, "self": doer}[target]
                browser = None if role == "keeper" else self.browser(doer)
                thing = self.prepare(kind, about)
                before = self.state()
                if browser is None:
                    name = f"post:{thing.post_id}" if thing.post_id else about.nickname
                    run = self.run_command("moderation", "decide", kind, name, "Be kind.")
                    self.assertEqual(run.exit_code, 0, run.output)
                else:
                    browser.get("/explore" if doer else "/login")
                    path = "/moderation/" + (
                        f"post/{thing.post_id}" if thing.post_id else f"user/{about.nickname}"
                    )
                    token = browser.token()
                    last = db.session.scalar(sa.select(sa.func.max(Action.id))) or 0
                    sent = {"csrf_token": token, "kind": kind, "reason": "Be kind.", "days": "3"}
                    browser.post(path, {**sent, "seen": str(last), "newest_report": "999"})
                    may = role == "moderator" and target == "member"
                    self.assertEqual(browser.status, 200 if may else 404)
                    if may:
                        self.assertEqual(browser.page.statuses, [DONE])
                    browser.get(path)
                    sees = role == "moderator" and target != "self"
                    gone = thing.post_id and kind == "delete" and may
                    self.assertEqual(browser.status, 200 if sees and not gone else 404)
                    if not may:
                        self.assertEqual(self.state(), before)
                        with self.assertRaises(NotAllowed):
                            # What a page forgets to ask is asked once more.
                            decide(Decision(kind, thing, "Be kind."), doer or self.john)
                        self.assertEqual(self.state(), before)
                        continue
                self.assertNotEqual(self.state(), before)
                self.assertEqual(self.actions()[-1][1:], (kind, about.id))

    def setUp_people(self) -> None:
        self.john, self.susan = self.person("john"), self.person("susan")
        self.mary, self.max = self.moderator("mary"), self.moderator("max")

    def prepare(self, kind: str, about: User) -> Thing:
        """Bring about what this deed needs, and give its thing."""
        post = self.post(about, "You all are fools")
        reporter = self.john if about is not self.john else self.susan
        if kind == "dismiss":
            self.report(reporter, post)
        if kind == "lift":
            decide(Decision("hide", Thing(about.id, post.id), "Rude."), None)
        if kind == "uphold":
            # Whoever is suspended has no page of a moderator: that is about others.
            # Without what else a suspension ends, so that whoever it is can try all the same.
            with writing() as session:
                session.add(Suspension(user_id=about.id, reason="Rude."))
            Suspension.answer(about.id, "I was tired.")
        return Thing(about.id) if kind == "uphold" else Thing(about.id, post.id)


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


class DeedTests(ModerationCase):
    def setUp(self):
        super().setUp()
        self.rude = self.post(self.susan, "You all are fools")
        self.path = f"/moderation/post/{self.rude.id}"
        self.by = self.browser(self.mary)

    def test_dismissing_closes_the_reports_and_tells_who_reported(self):
        self.report(self.john, self.rude)
        self.report(self.max, self.rude)
        self.decide(self.by, self.path, "Leave it and close the reports")
        self.assertEqual(self.by.page.statuses, [DONE])
        self.assertIn("Nothing waits.", self.by.page.words)
        for reporter in (self.john, self.max):
            (text,) = self.told(reporter)
            self.assertIn("a post of susan", text)
            self.assertIn("left it as it is. Why: Be kind.", text)
        self.assertEqual(self.told(self.susan), [])

    def test_only_reports_that_the_moderator_has_seen_are_closed(self):
        self.report(self.john, self.rude)
        self.by.get(self.path)
        self.report(self.max, self.rude, "It is worse than that.")
        self.by.submit(button="Leave it and close the reports", reason="Be kind.")
        self.assertIn("One thing waits.", self.by.page.words)
        self.assertIn("It is worse than that.", self.by.page.words)

    def test_hiding_and_showing_again(self):
        self.report(self.john, self.rude)
        self.decide(self.by, self.path, "Hide the post")
        self.assertEqual(db.session.get(HiddenPost, self.rude.id).reason, "Be kind.")
        self.assertIn("hid your post “You all are fools”", self.told(self.susan)[0])
        self.assertIn("we hid the post", self.told(self.john)[0])
        self.decide(self.by, self.path, "Show the post again", reason="My mistake.")
        db.session.rollback()
        self.assertIsNone(db.session.get(HiddenPost, self.rude.id))
        self.assertIn("Why: My mistake.", self.told(self.susan)[1])
        self.assertEqual([kind for _, kind, _ in self.actions()], ["hide", "lift"])

    def test_deleting(self):
        self.report(self.john, self.rude)
        self.decide(self.by, self.path, "Delete the post")
        self.assertEqual(self.count(Post), 0)
        self.assertIn("deleted your post “You all are fools”", self.told(self.susan)[0])

    def test_warning(self):
        self.decide(self.by, self.path, "Warn them")
        self.decide(self.by, "/moderation/user/susan", "Warn them", reason="Last time.")
        about_post, about_her = self.told(self.susan)
        self.assertIn("mary, a moderator, warns you about your post “You all", about_post)
        self.assertEqual(about_her, "mary, a moderator, warns you. Why: Last time.")

    def test_without_a_reason_nothing_is_done_and_nothing_typed_is_lost(self):
        before = self.state()
        for reason in ("", "   ", "\u200d", "x" * 141):
            with self.subTest(reason):
                self.decide(self.by, self.path, "Hide the post", reason=reason)
                self.assertEqual(self.by.status, 400)
                self.assertIn("Please", " ".join(self.by.page.alerts))
        self.assertIn("x" * 141, self.by.text)
        for days in ("", "0", "366", "-1", "٣", "1e1", "9" * 5000):
            with self.subTest(days):
                self.decide(self.by, self.path, "Suspend for so many days", days=days)
                self.assertEqual(self.by.status, 400)
        self.assertEqual(self.state(), before)

    def test_a_deed_that_does_not_fit_its_thing_is_a_sentence(self):
        before = self.state()
        self.by.get("/moderation/user/susan")
        form = {"csrf_token": self.by.token(), "reason": "Hm."}
        for path, kind in (
            ("/moderation/user/susan", "hide"),
            ("/moderation/user/susan", "delete"),
            ("/moderation/user/susan", "lift"),
            ("/moderation/user/susan", "uphold"),
            ("/moderation/user/susan", "dismiss"),
            (self.path, "lift"),
            (self.path, "approve"),
            (self.path, "x" * 9999),
        ):
            with self.subTest(path, kind=kind):
                self.by.post(path, {**form, "kind": kind})
                self.assertIn(self.by.status, {400, 409})
                self.assertEqual(len(self.by.page.alerts), 1)
        self.assertEqual(self.state(), before)

    def test_the_page_is_safe_from_what_people_write(self):
        self.susan.update_profile("susan", "<script>alert(1)</script>")
        self.report(self.john, self.susan, "<b>bold</b>")
        for path in ("/moderation", "/moderation/user/susan"):
            self.by.get(path)
            self.assertNotIn("<script>alert", self.by.text)
            self.assertNotIn("<b>", self.by.text)

    def test_the_keeper_decides_about_moderators_by_command(self):
        post = self.post(self.max, "I am the law")
        self.report(self.john, post)
        run = self.run_command("moderation", "waiting")
        self.assertIn(f"post:{post.id}: reported 1 times, moderator max", run.output)
        run = self.run_command("moderation", "decide", "hide", f"post:{post.id}", "No.")
        self.assertEqual(run.exit_code, 0, run.output)
        self.assertIn("The keeper of this site hid your post", self.told(self.max)[0])
        self.assertIn("Nothing waits.", self.run_command("moderation", "waiting").output)
        for arguments in (
            ("hide", "max", "No."),
            ("hide", "post:999", "No."),
            ("hide", "post:" + "9" * 30, "No."),
            ("warn", "nobody", "No."),
            ("warn", "max", ""),
            ("warn", "max", "x" * 141),
            ("hide", f"post:{post.id}", "Twice."),
        ):
            with self.subTest(arguments):
                run = self.run_command("moderation", "decide", *arguments)
                self.assertNotEqual(run.exit_code, 0)


class TwoModeratorsTests(ConcurrencyCase, ModerationCase):
    def dismissing(self, thing: Thing, moderator_id: int):
        def dismiss():
            moderator = db.session.get(User, moderator_id)
            decide(Decision("dismiss", thing, "Hm."), moderator)

        return dismiss

    def test_the_second_sees_what_the_first_did(self):
        rude = self.post(self.susan, "You all are fools")
        self.report(self.john, rude)
        mary, max_ = self.browser(self.mary), self.browser(self.max)
        for browser in (mary, max_):
            browser.get(f"/moderation/post/{rude.id}")
        mary.submit(button="Hide the post", reason="Be kind.")
        before = self.state()
        max_.submit(button="Delete the post", reason="Begone!")
        self.assertEqual(max_.status, 409)
        self.assertIn("mary was quicker: they hid a post", max_.page.alerts[0])
        self.assertIn("Be kind.", max_.page.alerts[0])
        self.assertIn("Begone!", max_.text)
        self.assertEqual(self.state(), before)
        # Once they have read that, they may do it all the same.
        max_.submit(button="Delete the post", reason="Begone!")
        self.assertEqual(max_.page.statuses, [DONE])

    def test_of_ten_at_once_one_decides_and_nine_are_told(self):
        rude = self.post(self.susan, "You all are fools")
        self.report(self.john, rude)
        buttons = [
            "Hide the post",
            "Delete the post",
            "Warn them",
            "Leave it and close the reports",
        ]
        browsers = [self.browser(user) for user in (self.mary, self.max) for _ in range(5)]
        for browser in browsers:
            browser.get(f"/moderation/post/{rude.id}")

        def press(browser, button):
            return lambda: browser.submit(button=button, reason="Be kind.")

        self.at_once(map(press, browsers, itertools.cycle(buttons)))
        self.assertEqual(sorted(browser.status for browser in browsers), [200] + [409] * 9)
        self.assertEqual(self.count(Action), 1)
        self.assertEqual(len(self.told(self.john)), 1)

    def test_two_who_report_each_other_are_decided_about_at_once(self):
        # Each decision holds one of them and tells the other.
        for number in range(5):
            rude = {user: user.write(f"Rude {number}") for user in (self.john, self.susan)}
            self.report(self.john, rude[self.susan])
            self.report(self.susan, rude[self.john])
            things = [Thing(post.user_id, post.id) for post in rude.values()]

            self.at_once(map(self.dismissing, things, (self.mary.id, self.max.id)))
        self.assertEqual(self.count(Action), 10)
        self.assertEqual(len(self.told(self.john)), 5)

    def test_deleted_by_author_and_moderator_and_reported_at_once(self):
        mary_id, susan_id, max_id = self.mary.id, self.susan.id, self.max.id
        for number in range(5):
            rude = self.susan.write(f"Rude {number}")
            self.report(self.john, rude)
            thing, post_id = Thing(rude.user_id, rude.id), rude.id

            def by_moderator(thing=thing):
                try:
                    mary = db.session.get(User, mary_id)
                    decide(Decision("delete", thing, "Begone!"), mary)
                except Impossible:
                    return False
                return True

            deleted, own, reported = self.at_once(
                [
                    by_moderator,
                    lambda post_id=post_id: Post.delete(post_id, susan_id),
                    lambda thing=thing: Report.make(max_id, thing, "spam", "Spam."),
                ]
            )
            self.assertEqual(deleted + own, 1)
            db.session.rollback()
            self.assertIsNone(db.session.get(Post, post_id))

    def test_who_leaves_while_a_report_of_theirs_is_closed(self):
        mary_id = self.mary.id
        for number in range(5):
            ann = self.person(f"ann{number}")
            rude = self.susan.write(f"Rude {number}")
            self.report(ann, rude)
            thing = Thing(rude.user_id, rude.id)
            self.at_once(
                [
                    self.dismissing(thing, mary_id),
                    lambda ann_id=ann.id: db.session.get(User, ann_id).delete(),
                ]
            )
        self.assertEqual(self.count(Action), 5)

    def test_what_was_seen_may_be_any_number_and_a_later_one_is_no_way_around(self):
        self.report(self.john, self.susan)
        decide(Decision("warn", Thing(self.susan.id), "Hm.", seen=0), self.mary)
        with self.assertRaises(DecidedMeanwhile):
            decide(Decision("warn", Thing(self.susan.id), "Hm.", seen=0), self.max)


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
