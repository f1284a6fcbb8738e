"""Reports of posts and profiles: who may, how often, and what is kept."""

from app import db
from app.database import writing
from app.models import Post, Report, Thing, User
from app.models.moderation.actions import GRACE
from app.models.moderation.decisions import Decision, decide, delete_expired
from app.models.moderation.reports import (
    CHOICES,
    MAX_REPORTS_A_DAY,
    REPORT_KEPT_FOR,
    TooManyReports,
)
from app.models.notifications import MAX_NOTIFICATIONS, Notification
from app.tests.support.clock import Clock
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.moderation import ModerationCase
from app.views.moderation.reports import AGAIN, ENOUGH, THANKS

BUTTON = CHOICES["abuse"]


class ReportTests(ModerationCase):
    def setUp(self):
        super().setUp()
        self.rude = self.post(self.susan, "You all are fools")

    def send(self, path: str, sentence: str = "It is rude.", button: str = BUTTON):
        browser = self.browser(self.john)
        browser.get(path)
        browser.submit(button=button, sentence=sentence)
        return browser

    def reports(self) -> list[Report]:
        db.session.rollback()
        return db.session.query(Report).order_by(Report.id).all()

    def test_a_link_of_a_post_and_of_a_profile_leads_to_the_form(self):
        browser = self.browser(self.john)
        for path in ("/explore", f"/post/{self.rude.id}", "/user/susan"):
            with self.subTest(path):
                browser.get(path)
                links = [href for text, href in browser.page.links.items() if "Report" in text]
                self.assertTrue(links)
                browser.get(links[0])
                self.assertEqual(browser.status, 200)
                self.assertIn(BUTTON, browser.page.forms[-1].buttons)

    def test_own_things_and_visitors_have_no_such_link(self):
        for reader in (self.susan, None):
            browser = self.browser(reader)
            for path in ("/explore", "/user/susan"):
                browser.get(path)
                self.assertNotIn("Report", browser.page.words)

    def test_it_is_kept_as_it_was_whatever_becomes_of_the_post(self):
        browser = self.send(f"/post/{self.rude.id}/report")
        self.assertEqual(browser.page.statuses, [THANKS])
        post_id = self.rude.id
        Post.edit(post_id, self.susan.id, "You all are dear")
        Post.delete(post_id, self.susan.id)
        (kept,) = self.reports()
        self.assertEqual(
            (kept.body, kept.choice, kept.sentence, kept.user_id, kept.reporter_id),
            ("You all are fools", "abuse", "It is rude.", self.susan.id, self.john.id),
        )
        mary = self.browser(self.mary)
        mary.get("/moderation")
        self.assertIn("You all are fools", mary.page.words)
        mary.get(f"/moderation/post/{post_id}")
        self.assertIn("You all are fools", mary.page.words)

    def test_a_profile_is_kept_with_its_name_and_words(self):
        self.susan.update_profile("susan", "I bite")
        self.send("/user/susan/report")
        self.susan.update_profile("angel", "")
        self.assertEqual(self.reports()[0].body, "susan: I bite")

    def test_a_thing_is_reported_once_by_each(self):
        path = f"/post/{self.rude.id}/report"
        self.send(path)
        self.assertEqual(self.send(path, "Again").page.statuses, [AGAIN])
        self.assertEqual(len(self.reports()), 1)
        self.report(self.mary, self.rude)
        self.assertEqual(len(self.reports()), 2)

    def test_what_cannot_be_taken_is_a_sentence_and_nothing_typed_is_lost(self):
        path = f"/post/{self.rude.id}/report"
        for sentence in ("", " \u200d ", "x" * 141):
            browser = self.send(path, sentence)
            self.assertEqual(browser.status, 400)
            self.assertIn("Please", " ".join(browser.page.alerts))
        self.assertIn("x" * 141, browser.text)
        token = browser.token()
        for choice in ("", "nonsense", "x" * 5000):
            browser.post(path, {"csrf_token": token, "choice": choice, "sentence": "Hm."})
            self.assertEqual(browser.status, 400)
        self.assertEqual(self.reports(), [])

    def test_twenty_a_day_and_on_the_next_day_more(self):
        clock = Clock(self)
        posts = [self.susan.write(f"Rude {n}") for n in range(MAX_REPORTS_A_DAY + 1)]
        for post in posts[:-1]:
            self.report(self.john, post)
        path = f"/post/{posts[-1].id}/report"
        browser = self.send(path, "One more.")
        self.assertEqual(browser.status, 429)
        self.assertIn(ENOUGH, browser.page.alerts)
        self.assertIn("One more.", browser.text)
        clock.move(days=1)
        self.assertEqual(self.send(path).page.statuses, [THANKS])

    def test_who_reported_is_told_when_those_it_is_about_go(self):
        post = self.susan.write("Rude")
        for thing in (post, self.susan):
            self.report(self.john, thing)
        self.report(self.mary, post)
        closed = self.susan.write("Ruder")
        self.report(self.max, closed)
        decide(Decision("hide", Thing(self.susan.id, closed.id), "Rude."), self.mary)
        before = self.told(self.max)
        self.susan.delete()
        told = "You reported susan or a post of theirs. That is closed: susan is no longer here"
        for reporter in (self.john, self.mary):
            [text] = self.told(reporter)
            self.assertIn(told, text)
        self.assertEqual(self.told(self.max), before)

    def test_and_when_a_moderator_or_the_keeper_deletes_them(self):
        clock = Clock(self)
        self.suspend(self.susan)
        for thing in (self.susan, self.max):
            self.report(self.john, thing)
        self.run_command("user", "remove", "max")
        clock.step(GRACE)
        self.assertEqual(len(delete_expired()), 1)
        for text, name in zip(self.told(self.john), ("max", "susan"), strict=True):
            self.assertIn(f"{name} is no longer here", text)

    def test_closed_ones_go_after_a_year(self):
        clock = Clock(self)
        self.report(self.john, self.rude)
        with writing() as session:
            Report.close(session, Thing(self.susan.id, self.rude.id), None, "dismiss", "Thank you.")
        clock.step(REPORT_KEPT_FOR)
        self.report(self.mary, self.rude)
        self.assertEqual([row.reporter_id for row in self.reports()], [self.mary.id])

    def test_of_many_notifications_the_oldest_make_room(self):
        with writing() as session:
            for number in range(MAX_NOTIFICATIONS + 5):
                Notification.tell(session, self.john.id, str(number))
            Notification.tell(session, self.susan.id, "hers")
        told = self.told(self.john)
        self.assertEqual((len(told), told[0]), (MAX_NOTIFICATIONS, "5"))
        self.assertEqual(self.told(self.susan), ["hers"])


class ReportRaceTests(ConcurrencyCase, ModerationCase):
    def test_one_thing_by_one_person_eight_times_is_one_report(self):
        post = self.post(self.susan, "You all are fools")
        path = f"/post/{post.id}/report"
        browsers = [self.browser(self.john) for _ in range(8)]
        for browser in browsers:
            browser.get(path)

        def send(browser):
            return lambda: browser.submit(button=BUTTON, sentence="Rude.")

        self.at_once([send(browser) for browser in browsers])
        self.assertEqual({browser.status for browser in browsers}, {200})
        told = sorted(browser.page.statuses[0] for browser in browsers)
        self.assertEqual(told, sorted([THANKS] + [AGAIN] * 7))
        self.assertEqual(self.count(Report), 1)

    def test_of_thirty_at_once_by_one_person_twenty_are_taken(self):
        posts = [self.susan.write(f"Rude {n}") for n in range(MAX_REPORTS_A_DAY + 10)]
        things = [(post.user_id, post.id) for post in posts]

        def send(thing):
            def make():
                try:
                    return Report.make(john_id, Thing(*thing), "spam", "Spam.")
                except TooManyReports:
                    return False

            return make

        john_id = self.john.id
        done = self.at_once([send(thing) for thing in things])
        self.assertEqual(sum(done), MAX_REPORTS_A_DAY)
        self.assertEqual(self.count(Report), MAX_REPORTS_A_DAY)

    def test_who_reports_somebody_who_leaves_at_that_moment_is_told(self):
        john_id, done = self.john.id, 0
        for number in range(8):
            ann = self.person(f"ann{number}")
            thing = Thing(ann.id, ann.write("Rude").id)

            def make(thing=thing):
                return Report.make(john_id, thing, "spam", "Spam.")

            def leave(user_id=ann.id):
                db.session.get(User, user_id).delete()

            made, _ = self.at_once([make, leave])
            done += made
            with self.subTest(number):
                self.assertEqual(len(self.told(self.john)), done)
        self.assertEqual(self.count(Report), 0)

    def test_two_who_reported_each_other_leave_at_once(self):
        for number in range(8):
            ann, bob = self.person(f"ann{number}"), self.person(f"bob{number}")
            self.report(ann, bob)
            self.report(bob, ann)

            def leave(user_id):
                return lambda: db.session.get(User, user_id).delete()

            self.at_once(map(leave, (ann.id, bob.id)))
        self.assertEqual((self.count(Report), self.count(Notification)), (0, 0))

    def test_reported_and_deleted_at_once_it_is_either_kept_or_gone(self):
        susan_id = self.susan.id
        for number in range(6):
            post = self.susan.write(f"Rude {number}")
            post_id, path = post.id, f"/post/{post.id}/report"
            browser = self.browser(self.john)
            browser.get(path)
            before = self.count(Report)
            self.at_once(
                [
                    lambda browser=browser: browser.submit(button=BUTTON, sentence="Rude."),
                    lambda post_id=post_id: Post.delete(post_id, susan_id),
                ]
            )
            with self.subTest(number):
                self.assertIn(browser.status, {200, 404})
                kept = self.count(Report) - before
                if kept:
                    newest = db.session.query(Report).order_by(Report.id.desc()).first()
                    self.assertEqual(newest.body, f"Rude {number}")
