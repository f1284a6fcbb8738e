"""What an invitation is worth in the wrong hands, at the wrong time, a second time."""

from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.forms import TAKEN
from app.models import Invitation, SignIn, Suspension, User
from app.models.joining import admission as rules
from app.tests.support.base import SITE
from app.tests.support.clock import Clock
from app.tests.support.people.joining import InvitationCase, JoiningCase
from app.views.joining.applications import ENDED, MEMBER_ALREADY


class InvitationAttackTests(InvitationCase):
    def test_one_works_once(self):
        link = self.link(self.browser(self.bob))
        first, second = self.opened(link), self.opened(link)
        self.foreign("susan", first)
        self.foreign("other", second)
        self.assertEqual(second.path, "/login")
        self.assertIn(ENDED, second.page.alerts)
        self.assertEqual(self.users(), {"susan"})
        self.assertEqual(self.opened(link).page.alerts, [ENDED])

    def test_what_is_guessed_or_odd_opens_nothing(self):
        link = self.link(self.browser(self.bob))
        hashed = db.session.scalar(sa.select(Invitation.token_hash))
        token = link.partition("=")[2]
        odd = (hashed, token[:-1], token.swapcase(), token + "%00", "%00", "", "%ff", "x" * 9000)
        for typed in (*odd, "%F0%9F%8D%B5", "' OR 1=1 --", token + "&invitation=x"):
            with self.subTest(typed[:40]):
                browser = self.opened(f"/join?invitation={typed}")
                if typed.startswith(token + "&"):
                    # The first of two is the one.
                    self.assertEqual(browser.page.alerts, [])
                    continue
                self.assertIn(browser.path, {"/login"})
                self.assertEqual(browser.page.alerts, [ENDED])
                self.foreign("susan", browser)
                self.assertEqual(self.users(), set())

    def test_what_has_ended_lets_nobody_in_also_not_who_opened_it_before(self):
        clock = Clock(self)
        for name, end in {
            "too old": lambda: clock.move(days=14),
            "taken back": lambda: self.assertTrue(
                Invitation.withdraw(db.session.scalar(sa.select(Invitation.id)), self.bob.id)
            ),
            "of somebody who left": lambda: self.bob.delete(),
        }.items():
            with self.subTest(name):
                self.empty_database()
                JoiningCase.setUp(self)
                link = self.link(self.browser(self.bob))
                before = self.opened(link)
                end()
                self.foreign("susan", before)
                self.assertEqual((before.path, self.users()), ("/login", set()))
                self.assertIn(ENDED, before.page.alerts)
                self.assertEqual(self.opened(link).page.alerts, [ENDED])

    def test_nobody_comes_back_by_a_friends_who_is_suspended(self):
        link = self.link(self.browser(self.bob))
        for until, welcome in (
            (None, False),
            (now() + timedelta(days=1), False),
            (now() - timedelta(days=1), True),
        ):
            with self.subTest(until=until):
                with writing() as session:
                    session.execute(sa.delete(Suspension))
                    session.add(Suspension(user_id=self.bob.id, reason="x", until=until))
                self.assertEqual(self.opened(link).page.alerts, [] if welcome else [ENDED])

    def test_it_is_worth_nothing_in_another_browser(self):
        self.opened(self.link(self.browser(self.bob)))
        other = self.foreign("susan")
        self.assertEqual((other.path, self.users()), ("/login", set()))

    def test_it_ends_with_the_session_in_which_it_was_opened(self):
        for leave in ("sign in", "sign out"):
            with self.subTest(leave):
                browser = self.opened(self.link(self.browser(self.bob)))
                if leave == "sign in":
                    member = f"{self.provider.origin}/id/member"
                    with self.under("open"):
                        self.foreign("member")
                    self.sign_in(member, browser)
                    self.assertRegex(browser.page.heading, "^Hi, ")
                browser.get("/logout")
                browser.submit(button="Sign out")
                self.foreign("susan", browser)
                self.assertEqual(browser.path, "/login")
                self.assertNotIn("Hi", browser.page.heading)
        self.assertEqual(self.open_count(), 2)

    def test_a_link_changes_nothing_for_who_is_signed_in_or_has_a_good_one(self):
        good, evil = (Invitation.make(user.id, "member") for user in (self.bob, self.ana))
        member = self.browser(self.bob)
        member.get("/")
        rows = self.count(SignIn)
        member.get(f"/join?invitation={evil}")
        self.assertEqual((member.path, member.page.statuses), ("/", [MEMBER_ALREADY]))
        with member.client.session_transaction(base_url=SITE) as session:
            self.assertNotIn("invitation", session)
        self.assertEqual((self.count(SignIn), self.open_count()), (rows, 2))
        guest = self.opened(f"/join?invitation={good}")
        guest.get("/join?invitation=evil")
        guest.get("/login")
        self.assertIn("bob invites you", guest.page.words)
        # Another that works takes its place, and the page says whose it is.
        guest.get(f"/join?invitation={evil}")
        self.assertIn("ana invites you", guest.page.words)

    def test_a_link_leaves_the_rest_of_the_session_and_a_sign_in_leaves_nothing_of_it(self):
        guest = self.begin(f"{self.provider.origin}/id/susan")
        answer = self.decide(guest)
        with guest.client.session_transaction(base_url=SITE) as session:
            before = dict(session)
        token = Invitation.make(self.bob.id, "member")
        guest.get(f"{SITE}/join?invitation={token}", follow=False)
        with guest.client.session_transaction(base_url=SITE) as session:
            self.assertEqual({k: v for k, v in session.items() if k != "invitation"}, before)
        self.come_back(guest, answer)
        self.assertEqual(guest.page.heading, "Hi, susan!")
        with guest.client.session_transaction(base_url=SITE) as session:
            self.assertLessEqual(set(session), {"_user_id", "csrf_token", "_flashes"})

    def test_a_nickname_that_is_taken_does_not_use_it_up(self):
        self.provider.nickname = self.provider.email = None
        guest = self.opened(self.link(self.browser(self.bob)))
        self.foreign("susan", guest)
        guest.submit(nickname="bob")
        self.assertEqual(guest.page.alerts, [TAKEN])
        with self.assertRaises(sa.exc.IntegrityError):
            token = Invitation.make(None, "member")
            rules.admit_as("https://late.example/", "Bob", None, token)
        self.assertEqual(self.open_count(), 2)
        guest.submit(nickname="susan")
        self.assertEqual((guest.page.heading, self.open_count()), ("Hi, susan!", 1))

    def test_it_adds_no_openid_and_is_not_used_by_one(self):
        browser = self.browser(self.bob)
        token = Invitation.make(None, "moderator")
        with browser.client.session_transaction(base_url=SITE) as session:
            session["invitation"] = token
        browser.get("/settings/account")
        browser.submit(openid=f"{self.provider.origin}/id/other")
        self.come_back(browser, self.decide(browser))
        self.assertEqual(self.open_count(), 1)
        db.session.rollback()
        self.assertEqual(User.find("bob").role, "member")

    def test_another_join_between_the_steps_decides(self):
        for join, welcome in (("closed", False), ("ask", False), ("open", True)):
            with self.subTest(join):
                guest = self.opened(self.link(self.browser(self.bob)))
                with self.under(join):
                    self.foreign(f"guest-{join}", guest)
                    self.assertEqual(len(self.users()), int(welcome))

    def test_the_log_does_not_tell_it(self):
        token = Invitation.make(self.bob.id, "member")
        with self.assertLogs("app", "INFO") as logged:
            self.foreign("susan", self.opened(f"/join?invitation={token}"))
        self.assertIn("new user", "\n".join(logged.output))
        self.assertNotIn(token, "\n".join(logged.output))
