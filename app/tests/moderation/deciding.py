"""What moderators do: who may, and what becomes of it."""

import itertools

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Action, HiddenPost, Post, Suspension, Thing, User
from app.models.moderation.decisions import (
    DEEDS,
    Decision,
    NotAllowed,
    decide,
)
from app.tests.support.people.moderation import DONE, ModerationCase


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
