"""Newcomers who ask to join: what they read, what moderators answer, and what goes wrong."""

import sqlalchemy as sa

from app import db
from app.models import Action, Application, User
from app.models.joining import admission as joining
from app.models.joining.admission import Entry
from app.models.joining.applications import MAX_WAITING, MAX_WAITING_OF_ADDRESS, TooManyWaiting
from app.provider.models import Account
from app.queries.joining import applications
from app.tests.support.base import PASSWORD, Browser
from app.tests.support.clock import Clock
from app.tests.support.people.joining import JoiningCase
from app.views.joining.applications import COME_IN, LET_IN, TOO_MANY, TURNED_AWAY

LET_YOU_IN = "ana, a moderator, let you in."


class AskingTests(JoiningCase):
    settings = {"JOIN": "ask"}

    def ask(self, name: str, nickname: str, reason: str = "I like tea.", **how) -> Browser:
        browser = self.foreign(name, **how)
        self.assertEqual(browser.page.heading, "Ask to join")
        browser.submit(nickname=nickname, reason=reason)
        return browser

    def test_a_newcomer_asks_waits_and_is_let_in(self):
        browser = self.ask("susan", "tea_lady", "I like tea, and <b>you</b>.")
        self.assertEqual(browser.path, "/join/waiting")
        for words in ("tea_lady", "I like tea, and <b>you</b>.", "Come back in a day or two"):
            self.assertIn(words, browser.page.words)
        self.assertEqual(self.users(), set())
        again = self.foreign("susan")
        self.assertEqual(again.path, "/join/waiting")
        [waiting] = applications.waiting()
        self.assertEqual((waiting.nickname, waiting.reason[:10]), ("tea_lady", "I like tea"))
        self.assertNotIn("127.0.0.1", waiting.address_hash)
        user = joining.approve(waiting, self.ana)
        self.assertEqual((user.nickname, user.role), ("tea_lady", "member"))
        self.assertEqual(self.count(Application), 0)
        browser.get("/join/waiting")
        self.assertEqual((browser.path, browser.page.statuses), ("/login", [LET_IN]))
        self.assertEqual(self.foreign("susan").page.statuses, [f"Welcome, tea_lady! {LET_YOU_IN}"])
        again = self.foreign("susan")
        self.assertEqual((again.page.heading, again.page.statuses), ("Hi, tea_lady!", []))
        [action] = db.session.scalars(sa.select(Action))
        self.assertEqual(
            (action.kind, action.moderator_name, action.user_id), ("approve", "ana", user.id)
        )

    def test_a_newcomer_reads_why_not_and_may_ask_again_after_a_month(self):
        clock = Clock(self)
        browser = self.ask("susan", "susan")
        [waiting] = applications.waiting()
        self.assertTrue(joining.refuse(waiting, self.ana, "We are a small circle of <friends>."))
        self.assertEqual(applications.waiting(), [])
        for visitor in (browser, self.foreign("susan")):
            visitor.get("/join/waiting")
            self.assertEqual(visitor.page.heading, "The answer is no")
            self.assertIn("We are a small circle of <friends>.", visitor.page.words)
            visitor.get("/join")
            self.assertEqual(visitor.path, "/join/waiting")
        self.assertEqual(self.users(), set())
        [action] = db.session.scalars(sa.select(Action))
        self.assertEqual((action.kind, action.user_id), ("refuse", None))
        clock.move(days=30)
        self.assertEqual(self.ask("susan", "susan").path, "/join/waiting")
        self.assertEqual(self.count(Application), 1)

    def test_one_that_nobody_answers_ends_after_thirty_days(self):
        clock = Clock(self)
        self.ask("susan", "susan")
        [waiting] = applications.waiting()
        clock.move(days=30)
        self.assertEqual(applications.waiting(), [])
        self.assertIsNone(joining.approve(waiting, self.ana))
        self.assertFalse(joining.refuse(waiting, self.ana, "Too late."))
        self.assertEqual(self.users(), set())
        self.assertEqual(self.foreign("susan").page.heading, "Ask to join")

    def test_what_cannot_be_taken_is_said_and_stays(self):
        browser = self.foreign("susan")
        for nickname, reason, problem in (
            ("ana", "Tea", "already in use"),
            ("a b", "Tea", "only letters"),
            ("susan", "", "why you would like to join"),
            ("susan", "x" * 141, "at most 140"),
        ):
            with self.subTest(nickname=nickname, reason=reason[:5]):
                browser.submit(nickname=nickname, reason=reason)
                self.assertEqual(browser.status, 400)
                self.assertIn(problem, " ".join(browser.page.alerts))
                form = next(form for form in browser.page.forms if "reason" in form.names)
                self.assertEqual(form.fields["nickname"], nickname)
                self.assertEqual(form.fields["reason"].strip(), reason)
        self.assertEqual(self.count(Application), 0)

    def test_the_pages_are_for_newcomers(self):
        for path in ("/join", "/join/waiting"):
            browser = self.browser()
            browser.get(path)
            self.assertEqual(browser.path, "/login")
            member = self.browser(self.bob)
            member.get(path)
            self.assertEqual(member.path, "/")
        browser.post("/join", {"csrf_token": browser.token(), "nickname": "x", "reason": "x"})
        self.assertEqual((browser.status, self.count(Application)), (409, 0))
        self.assertEqual(browser.page.links["Go on from here"], "/login")

    def test_three_of_an_address_wait_and_twenty_in_all(self):
        for number in range(MAX_WAITING_OF_ADDRESS):
            self.ask(f"n{number}", f"n{number}")
        browser = self.ask("more", "more", "Let me in")
        self.assertEqual((browser.status, browser.page.alerts), (400, [TOO_MANY]))
        self.assertIn("Let me in", browser.text)
        for number in range(MAX_WAITING - MAX_WAITING_OF_ADDRESS):
            Application.ask(f"https://{number}.example/", "x", None, "x", f"address {number}")
        with self.assertRaises(TooManyWaiting):
            Application.ask("https://one.example/", "x", None, "x", "one address")
        self.assertEqual(len(applications.waiting()), MAX_WAITING)
        # An answer makes room for another.
        self.assertTrue(joining.refuse(applications.waiting()[0], self.ana, "No."))
        Application.ask("https://one.example/", "x", None, "x", "one address")

    def test_approval_gives_a_nickname_as_near_as_is_free(self):
        self.ask("susan", "tea")
        User.sign_up("https://tea.example/", "Tea", None)
        [waiting] = applications.waiting()
        self.assertEqual(joining.approve(waiting, self.ana).nickname, "tea2")

    def test_the_second_moderator_sees_what_the_first_did(self):
        for number, first in enumerate(("approve", "refuse")):
            self.ask(f"n{number}", f"n{number}")
            # What the second has on the page before the first decides.
            db.session.rollback()
            [seen] = applications.waiting()
            with self.app.app_context():
                [application] = applications.waiting()
                ana = User.find("ana")
                if first == "approve":
                    self.assertIsNotNone(joining.approve(application, ana))
                else:
                    self.assertTrue(joining.refuse(application, ana, "No."))
            with self.subTest(first):
                self.assertFalse(joining.refuse(seen, self.ana, "No."))
            [seen] = applications.waiting() or [None]
            self.assertIsNone(seen)
        self.assertEqual((self.count(Action), self.users()), (2, {"n0"}))

    def test_the_second_who_approves_is_told_that_nothing_waits(self):
        self.ask("susan", "susan")
        [seen] = applications.waiting()
        with self.app.app_context():
            [application] = applications.waiting()
            joining.approve(application, User.find("ana"))
        self.assertIsNone(joining.approve(seen, self.ana))
        self.assertEqual(self.count(Action), 1)

    def test_whose_account_is_deleted_meanwhile_waits_no_more(self):
        account = Account.join("pat", PASSWORD, None)
        Application.ask(account.identifier, "pat", None, "I like tea.", "an address")
        account.delete()
        [waiting] = applications.waiting()
        self.assertIsNone(joining.approve(waiting, self.ana))
        self.assertEqual((applications.waiting(), self.users()), ([], set()))

    def test_an_openid_that_got_a_user_otherwise_waits_no_more(self):
        self.ask("susan", "susan")
        self.bob.add_identity(f"{self.provider.origin}/id/susan")
        [waiting] = applications.waiting()
        self.assertEqual(joining.approve(waiting, self.ana).nickname, "bob")
        self.assertEqual((applications.waiting(), self.users()), ([], set()))


class ChangedMeanwhileTests(JoiningCase):
    """JOIN is another one at the next start, while somebody is on the way."""

    settings = {"JOIN": "ask"}

    def asking(self) -> Browser:
        browser = self.foreign("susan")
        browser.submit(nickname="tea", reason="I like it.")
        self.assertEqual(browser.path, "/join/waiting")
        return browser

    def test_who_waits_is_a_user_at_once_when_it_opens(self):
        self.asking()
        with self.under("open"):
            self.assertEqual(self.foreign("susan").page.heading, "Hi, tea!")
        self.assertEqual(self.count(Application), 0)

    def test_who_waits_still_reads_how_it_stands_and_nobody_lets_them_in_when_it_closes(self):
        self.asking()
        with self.under("closed"):
            self.assertEqual(self.foreign("susan").path, "/join/waiting")
            [waiting] = applications.waiting()
            self.assertIsNone(joining.approve(waiting, self.ana))
            self.assertEqual(self.users(), set())
            self.assertTrue(joining.refuse(waiting, self.ana, "We have closed."))

    def test_a_form_that_was_open_is_decided_when_it_is_sent(self):
        for join, path, told in (
            ("open", "/login/nickname", COME_IN),
            ("invite", "/login", TURNED_AWAY[Entry.INVITE]),
            ("closed", "/login", TURNED_AWAY[Entry.CLOSED]),
        ):
            with self.subTest(join):
                self.provider.reset()
                browser = self.foreign(f"left-open-{join}")
                with self.under(join):
                    browser.submit(nickname="tea", reason="I like it.")
                    self.assertEqual((browser.status, self.count(Application)), (409, 0))
                    self.assertEqual(self.users(), set())
                    # Said once, and nothing typed is lost.
                    self.assertIn(told, browser.page.alerts + browser.page.statuses)
                    for text in ("tea", "I like it."):
                        self.assertIn(f">{text}</textarea>", browser.text)
                    browser.get(browser.page.links["Go on from here"])
                    self.assertEqual(browser.path, path)
                    self.assertNotIn(told, browser.page.words)
                    if join == "open":
                        browser.submit(nickname=browser.page.forms[-1].fields["nickname"])
                        self.assertEqual(self.users(), {"tea"})
                        User.find("tea").delete()

    def test_a_nickname_that_was_typed_goes_along_to_the_other_form(self):
        self.provider.nickname = self.provider.email = None
        with self.under("open"):
            browser = self.foreign("susan")
        browser.submit(nickname="tea")
        self.assertEqual(browser.path, "/join")
        form = next(form for form in browser.page.forms if "reason" in form.names)
        self.assertEqual(form.fields["nickname"], "tea")


class AskingAttackTests(JoiningCase):
    settings = {"JOIN": "ask"}

    def test_a_cookie_that_is_found_later_asks_for_nobody_and_lets_nobody_in(self):
        clock = Clock(self)
        browser, late = self.foreign("susan"), self.foreign("other")
        browser.submit(nickname="susan", reason="I like tea.")
        [waiting] = applications.waiting()
        joining.approve(waiting, self.ana)
        # It is still the browser that asked, and has to prove the OpenID anew.
        for path in ("/join/waiting", "/join", "/login/nickname"):
            browser.get(path)
        browser.get("/edit")
        self.assertEqual(browser.path, "/login")
        clock.move(minutes=61)
        late.submit(nickname="late", reason="I like tea.")
        self.assertEqual((late.status, self.count(Application)), (409, 0))
        self.assertIn("I like tea.", late.text)

    def test_nobody_reads_what_another_wrote(self):
        self.foreign("susan").submit(nickname="susan", reason="Between us.")
        other = self.foreign("other")
        other.get("/join/waiting")
        self.assertEqual(other.path, "/join")
        self.assertNotIn("Between us.", other.text)

    def test_it_takes_a_token_of_the_form(self):
        browser = self.foreign("susan")
        browser.post("/join", {"nickname": "x", "reason": "x"})
        self.assertEqual((browser.status, self.count(Application)), (400, 0))
