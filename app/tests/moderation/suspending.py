"""Suspensions: what ends, what is told, the one answer, and what comes after thirty days."""

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import (
    Action,
    Identity,
    Post,
    RefusedIdentifier,
    ReservedName,
    SignIn,
    Suspension,
    Thing,
    User,
)
from app.models.moderation.actions import GRACE, MAX_APPEAL
from app.models.moderation.decisions import Decision, decide, delete_expired
from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, Browser, JoinMixin
from app.tests.support.clock import Clock
from app.tests.support.people.moderation import ModerationCase
from app.views.moderation.suspension import MAX_PROVED_AGE, OVER, SENT, TOO_LATE

HEADING = "You are suspended"


class SuspendedCase(JoinMixin, ModerationCase):
    """With miguel, who has an account here and is signed in with two browsers."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.here = self.join("miguel")
        self.there = self.sign_in_again(self.browser())
        self.miguel = User.find("miguel")
        self.by = self.browser(self.mary)

    def sign_in_again(self, browser: Browser) -> Browser:
        browser.get("/login")
        browser.ask_own_provider()
        if browser.path == "/openid/sign-in":
            browser.submit(username="miguel", password=PASSWORD)
        return browser

    def suspend_for_days(self, days: int = 3) -> None:
        path = "/moderation/user/miguel"
        self.decide(self.by, path, "Suspend for so many days", days=str(days))
        self.assertEqual(self.by.status, 200)

    def suspended(self) -> Browser:
        """Let miguel try to sign in, and give the browser on the page that tells why not."""
        browser = self.sign_in_again(self.browser())
        self.assertEqual(browser.page.heading, HEADING)
        return browser


class SuspensionTests(SuspendedCase):
    def test_every_sign_in_ends_at_once_here_and_at_our_provider(self):
        own = sa.select(SignIn).where(SignIn.user_id == self.miguel.id)
        self.assertEqual(len(db.session.scalars(own).all()), 2)
        self.suspend_for_days()
        db.session.rollback()
        self.assertEqual(db.session.scalars(own).all(), [])
        self.assertEqual(self.count(AccountSignIn), 0)
        for browser in (self.here, self.there):
            browser.get("/edit")
            self.assertEqual(browser.path, "/login")

    def test_signing_in_says_why_until_when_and_how_to_answer(self):
        self.suspend_for_days(3)
        browser = self.suspended()
        self.assertEqual((browser.path, browser.status), ("/suspended", 200))
        self.assertIn("Why: Be kind.", browser.page.words)
        until = self.clock.moment.day
        self.assertIn("It ends by itself on", browser.page.words)
        self.assertIn(str(until), browser.page.words)
        self.assertIn("appeal", browser.page.forms[-1].names)
        self.assertIn("no-store", browser.response.headers["Cache-Control"])
        for path in ("/", "/edit", "/notifications"):
            browser.get(path)
            self.assertEqual(browser.path, "/login")

    def test_who_is_suspended_can_change_nothing(self):
        path = f"/post/{self.susan.write('Hello').id}/report"
        self.suspend_for_days()
        browser = self.suspended()
        token = {"csrf_token": browser.token()}
        before = self.state()
        for address, form in (
            ("/", {"post": "Ha"}),
            ("/user/susan/follow", {}),
            (path, {"choice": "spam", "sentence": "Ha"}),
            ("/edit", {"nickname": "ha"}),
        ):
            with self.subTest(address):
                browser.post(address, {**token, **form})
                self.assertEqual(browser.status, 401)
        self.assertEqual(self.state(), before)

    def test_it_ends_by_itself_and_then_all_is_as_it_was(self):
        self.miguel.write("My first")
        self.suspend_for_days(3)
        self.suspended()
        self.clock.move(days=3)
        browser = self.sign_in_again(self.browser())
        self.assertEqual(browser.page.heading, "Home")
        self.assertIn("You have 3 unread", browser.page.links)
        browser.get("/user/miguel")
        self.assertIn("My first", browser.page.words)

    def test_a_moderator_ends_it_earlier(self):
        self.suspend_for_days(3)
        self.decide(self.by, "/moderation/user/miguel", "End the suspension", reason="Sorry.")
        browser = self.sign_in_again(self.browser())
        self.assertEqual(browser.page.heading, "Hi, miguel!")
        self.assertIn("You have 4 unread", browser.page.links)

    def test_suspending_anew_replaces_it_and_the_answer(self):
        self.suspend_for_days(3)
        browser = self.suspended()
        browser.submit(appeal="I was tired.")
        self.suspend_for_days(9)
        db.session.rollback()
        row = Suspension.of(self.miguel.id)
        self.assertEqual((row.appeal, (row.until - row.since).days), (None, 9))
        lifted = [one.lifted is not None for one in db.session.query(Action).order_by(Action.id)]
        self.assertEqual(lifted, [True, False])

    def test_for_good_has_no_end(self):
        path = "/moderation/user/miguel"
        self.decide(self.by, path, "Suspend for good", reason="Begone!", days="")
        self.assertEqual(self.by.path, "/moderation")
        db.session.rollback()
        self.assertIsNone(Suspension.of(self.miguel.id).until)
        self.clock.move(days=29)
        self.assertIn("It has no end.", self.suspended().page.words)

    def test_for_good_asks_who_the_moderator_is_once_more_and_keeps_what_was_typed(self):
        self.clock.move(minutes=11)
        self.decide(self.by, "/moderation/user/miguel", "Suspend for good", reason="Begone!")
        self.assertNotEqual(self.by.path, "/moderation")
        self.assertIsNone(Suspension.of(self.miguel.id))


class AnswerTests(SuspendedCase):
    def setUp(self):
        super().setUp()
        self.suspend_for_days(3)

    def test_one_answer_reaches_the_moderators_and_theirs_comes_back(self):
        browser = self.suspended()
        browser.submit(appeal="I was tired.\nNever again.")
        self.assertEqual(browser.page.statuses, [SENT])
        self.assertFalse(any("appeal" in form.names for form in browser.page.forms))
        self.by.get("/moderation")
        self.assertIn("Moderation (1)", self.by.page.links)
        self.assertIn("I was tired.", self.by.page.words)
        path = "/moderation/user/miguel"
        self.decide(self.by, path, "Let the suspension stand", reason="We read it.")
        self.assertIn("Nothing waits.", self.by.page.words)
        self.assertIn("Why: We read it.", self.suspended().page.words)

    def test_a_second_answer_and_one_too_long_or_empty_are_not_kept(self):
        browser, other = self.suspended(), self.suspended()
        for text in ("", " \u200d", "x" * (MAX_APPEAL + 1)):
            with self.subTest(text[:3]):
                browser.submit(appeal=text)
                self.assertEqual(browser.status, 400)
                self.assertIn("Please", browser.page.alerts[0])
        self.assertIn("x" * (MAX_APPEAL + 1), browser.text)
        browser.submit(appeal="x" * MAX_APPEAL)
        self.assertEqual(browser.page.statuses, [SENT])
        other.submit(appeal="Second")
        self.assertEqual(other.page.alerts, [TOO_LATE])
        db.session.rollback()
        self.assertEqual(Suspension.of(self.miguel.id).appeal, "x" * MAX_APPEAL)

    def test_the_page_is_reached_by_proving_the_openid_alone(self):
        for browser in (self.browser(), self.browser(self.john), self.here):
            browser.get("/suspended")
            self.assertNotEqual(browser.page.heading, HEADING)
            browser.get("/explore")
            token = browser.token() if browser.page.forms else ""
            browser.post("/suspended", {"csrf_token": token, "appeal": "Ha"})
        self.assertIsNone(Suspension.of(self.miguel.id).appealed)

    def test_it_is_shown_for_an_hour(self):
        browser = self.suspended()
        self.clock.step(MAX_PROVED_AGE)
        browser.get("/suspended")
        self.assertEqual(browser.page.heading, HEADING)
        self.clock.move(seconds=1)
        browser.get("/suspended")
        self.assertEqual(browser.path, "/login")

    def test_an_answer_when_it_is_over_is_told_so(self):
        browser = self.suspended()
        decide(Decision("lift", Thing(self.miguel.id), "Sorry."), None)
        browser.submit(appeal="I was tired.")
        self.assertEqual(browser.page.statuses, [OVER])

    def test_an_answer_to_what_has_ended_waits_for_nobody(self):
        self.suspended().submit(appeal="I was tired.")
        self.clock.move(days=3)
        self.by = self.browser(self.mary)
        self.by.get("/moderation")
        self.assertIn("Nothing waits.", self.by.page.words)


class ThirtyDaysTests(SuspendedCase):
    def setUp(self):
        super().setUp()
        self.miguel_id = self.miguel.id
        self.identifier = self.miguel.identifiers()[0]
        self.miguel.write("Mine")
        self.suspend(self.miguel)

    def is_there(self) -> bool:
        db.session.rollback()
        return db.session.get(User, self.miguel_id) is not None

    def test_it_says_when(self):
        words = self.suspended().page.words
        self.assertIn("Unless it is lifted, you and all that you wrote will be deleted", words)

    def test_after_them_the_next_sign_in_of_anybody_deletes_with_all_data(self):
        susan = self.join("susan2")
        self.assertTrue(self.is_there())
        self.clock.step(GRACE)
        susan.submit(button="Sign out")
        susan.get("/login")
        susan.ask_own_provider()
        susan.submit(username="susan2", password=PASSWORD)
        self.assertEqual(susan.page.heading, "Hi, susan2!")
        self.assertFalse(self.is_there())
        self.assertEqual(self.count(Post), 0)
        owned = sa.select(Identity).where(Identity.user_id == self.miguel_id)
        self.assertIsNone(db.session.scalar(owned))

    def test_or_the_next_look_of_a_moderator(self):
        self.clock.step(GRACE)
        self.browser(self.mary).get("/moderation")
        self.assertFalse(self.is_there())

    def test_not_a_moment_earlier_and_not_when_it_is_lifted_or_has_an_end(self):
        self.clock.step(GRACE)
        self.clock.move(seconds=-1)
        self.assertEqual(delete_expired(), [])
        decide(Decision("lift", Thing(self.miguel_id), "Sorry."), None)
        self.suspend(self.susan, 300)
        self.clock.move(days=40)
        self.assertEqual(delete_expired(), [])
        self.assertTrue(self.is_there())

    def test_neither_name_nor_openid_comes_back(self):
        self.clock.step(GRACE)
        self.assertEqual(delete_expired(), [self.miguel_id])
        self.assertEqual(delete_expired(), [])
        self.assertTrue(RefusedIdentifier.includes(self.identifier))
        kept = db.session.get(ReservedName, "miguel")
        self.assertEqual((kept.user_id, kept.until), (None, None))
        # The log has its line, without the name.
        browser = self.browser()
        browser.get("/moderation/log")
        self.assertIn("suspended a member for good", browser.page.words)

    def test_with_a_name_reserved_and_an_openid_refused_before(self):
        with writing() as session:
            session.add(ReservedName(nickname_key="miguel"))
            digest = RefusedIdentifier.digest(self.identifier)
            session.add(RefusedIdentifier(identifier_hash=digest))
        self.clock.step(GRACE)
        self.assertEqual(delete_expired(), [self.miguel_id])
