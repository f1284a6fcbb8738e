"""What two moderators at once come to, and those about whom they decide meanwhile."""

import itertools

from app import db
from app.models import (
    Action,
    Post,
    Report,
    SignIn,
    Suspended,
    Thing,
    User,
)
from app.models.moderation.actions import GRACE
from app.models.moderation.decisions import (
    DecidedMeanwhile,
    Decision,
    Impossible,
    decide,
    delete_expired,
)
from app.tests.support.clock import Clock
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.moderation import DONE, ModerationCase


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


class SuspendingRaceTests(ConcurrencyCase, ModerationCase):
    def test_signing_in_while_being_suspended_leaves_nobody_signed_in(self):
        susan_id, identifier = self.susan.id, self.susan.identifiers()[0]

        def sign_in():
            try:
                SignIn.begin(susan_id, identifier)
            except Suspended:
                return False
            return True

        def suspend():
            decide(Decision("suspend", Thing(susan_id), "Enough."), None)

        for number in range(6):
            self.at_once([sign_in, suspend, sign_in, sign_in])
            with self.subTest(number):
                self.assertEqual(self.count(SignIn), 0)
            decide(Decision("lift", Thing(susan_id), "Sorry."), None)

    def test_lifted_while_being_deleted_it_is_one_or_the_other(self):
        clock = Clock(self)
        for number in range(4):
            user_id = self.person(f"ann{number}").id
            decide(Decision("suspend", Thing(user_id), "Enough."), None)
            clock.step(GRACE)

            def lift(user_id=user_id):
                try:
                    decide(Decision("lift", Thing(user_id), "Sorry."), None)
                except Impossible:
                    return False
                return True

            lifted, *deleted = self.at_once([lift, delete_expired, delete_expired])
            db.session.rollback()
            there = db.session.get(User, user_id) is not None
            with self.subTest(number):
                self.assertEqual(there, lifted)
                self.assertEqual(sum(map(len, deleted)), 0 if lifted else 1)
