"""Invitations: made, used once, taken back."""

import sqlalchemy as sa

from app import db
from app.models import Invitation, User
from app.models.joining.invitations import MAX_OPEN_INVITATIONS
from app.tests.support.base import SITE
from app.tests.support.people.joining import InvitationCase
from app.views.joining.applications import ENDED
from app.views.joining.invitations import TOO_MANY


class InvitingTests(InvitationCase):
    def test_a_friend_comes_by_a_link_that_is_shown_once(self):
        bob = self.browser(self.bob)
        link = self.link(bob)
        self.assertTrue(link.startswith(SITE + "/join?invitation="), link)
        token = link.partition("=")[2]
        bob.get("/invitations")
        self.assertNotIn(token, bob.text)
        stored = db.session.scalar(sa.select(Invitation.token_hash))
        self.assertNotIn(token, stored)
        guest = self.opened(link)
        self.assertEqual((guest.path, guest.page.alerts), ("/login", []))
        self.assertNotIn(token, guest.url + guest.text)
        self.assertIn("bob invites you to join.", guest.page.words)
        self.assertEqual(self.foreign("susan", guest).page.heading, "Hi, susan!")
        guest.get("/user/susan")
        self.assertIn("Invited by bob", guest.page.words)
        bob.get("/invitations")
        self.assertIn("susan", bob.page.links)
        self.assertNotIn("Open invitations", bob.page.words)

    def test_it_goes_along_when_an_account_is_made_on_the_way(self):
        guest = self.opened(self.link(self.browser(self.bob)))
        guest.ask_own_provider()
        guest.get(guest.page.links["Make an account"])
        self.assertIn("bob invites you", guest.page.words)
        guest.submit(username="miguel", password="correct horse battery", email="")
        self.assertEqual(guest.page.heading, "Hi, miguel!")
        self.assertEqual(db.session.scalar(sa.select(Invitation.user_id)), User.find("miguel").id)

    def test_a_member_has_five_open_ones_and_a_moderator_as_many_as_they_like(self):
        bob, ana = self.browser(self.bob), self.browser(self.ana)
        for _ in range(MAX_OPEN_INVITATIONS):
            self.link(bob)
        bob.submit(button="Make an invitation")
        self.assertEqual(bob.page.alerts, [TOO_MANY])
        self.assertEqual(self.open_count(), MAX_OPEN_INVITATIONS)
        for _ in range(MAX_OPEN_INVITATIONS + 1):
            self.link(ana)
        # One that is used, taken back or too old makes room.
        button = next(b for form in bob.page.forms for b in form.buttons if "Withdraw" in b)
        bob.submit(button=button)
        self.link(bob)

    def test_who_may_not_invite_is_told_so(self):
        for join, who, may in (
            ("open", self.bob, True),
            ("ask", self.bob, False),
            ("ask", self.ana, True),
            ("closed", self.ana, False),
        ):
            with self.subTest(join=join, who=who.nickname), self.under(join):
                browser = self.browser(who)
                browser.get("/invitations")
                buttons = {b for form in browser.page.forms for b in form.buttons}
                self.assertEqual("Make an invitation" in buttons, may)
                browser.post("/invitations", {"csrf_token": browser.token()})
                self.assertEqual(browser.status, 200 if may else 404)

    def test_only_its_maker_takes_one_back(self):
        link = self.link(self.browser(self.bob))
        number = db.session.scalar(sa.select(Invitation.id))
        ana = self.browser(self.ana)
        ana.get("/invitations")
        ana.post(f"/invitations/{number}/withdraw", {"csrf_token": ana.token()})
        self.assertEqual(self.open_count(), 1)
        bob = self.browser(self.bob)
        bob.get("/invitations")
        bob.post(f"/invitations/{number}/withdraw", {})
        self.assertEqual((bob.status, self.open_count()), (400, 1))
        bob.get("/invitations")
        bob.submit(button=f"Withdraw the invitation number {number}")
        self.assertEqual(self.open_count(), 0)
        self.assertEqual(self.opened(link).page.alerts, [ENDED])

    def test_visitors_neither_make_nor_see_any(self):
        browser = self.browser()
        browser.get("/invitations")
        self.assertEqual(browser.path, "/login")
        browser.post("/invitations", {"csrf_token": browser.token()})
        self.assertEqual((browser.status, self.count(Invitation)), (401, 0))
