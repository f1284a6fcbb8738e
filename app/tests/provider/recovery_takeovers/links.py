"""By links that are used, old, altered, or of another time."""

from functools import partial

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Identity, MailedLink, Suspension, User
from app.models.moderation.decisions import Decision, decide
from app.models.moderation.reports import Thing
from app.provider.models import Account
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.people.letters import path_in
from app.tests.support.people.recovery import NEW_PASSWORD
from app.tests.support.people.takeovers import EVIL, RecoveryTakeoverCase


class LinkTakeoverTests(RecoveryTakeoverCase):
    """With links that are good no more, or for something else."""

    def test_no_attempt_gets_in(self):
        self.assert_none_gets_in(17)

    # Tokens

    def by_a_used_link(self):
        path = self.link()
        self.choose(path)
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_another_link_than_the_one_used(self):
        first = self.link()
        self.clock.move(minutes=10)
        self.choose(self.link())
        yield
        self.assertEqual(self.evil(first).status, 410)

    def by_the_same_link_twenty_times_at_once(self):
        path = self.link()
        browsers = [self.browser() for _ in range(20)]
        for browser in browsers:
            browser.get(path)
        self.at_once(partial(browser.submit, password=NEW_PASSWORD) for browser in browsers)
        self.assertEqual([browser.path for browser in browsers].count("/login"), 1)
        self.letter("miguel@example.com")
        yield

    def by_an_old_link(self):
        path = self.link()
        self.clock.move(minutes=30)
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_page_that_was_open_too_long(self):
        path = self.link()
        browser = self.browser()
        browser.get(path)
        self.clock.move(minutes=30)
        yield
        browser.submit(password=EVIL)
        self.assertEqual(browser.status, 410)

    def by_a_link_of_another_kind(self):
        self.miguel.get("/settings/account")
        self.miguel.submit(email="other@example.com")
        token = self.token(path_in(self.text("other@example.com")))
        yield
        self.assertEqual(self.evil(f"/openid/recover?token={token}").status, 410)

    def by_a_way_back_that_is_taken_to_confirm(self):
        token = self.token(self.link())
        yield
        path = f"/settings/account/email/confirm?token={token}"
        self.assertEqual(self.evil(path, email="mallory@example.com").status, 410)

    def by_the_row_of_the_database(self):
        self.link()
        row = db.session.scalar(sa.select(MailedLink).order_by(MailedLink.id.desc()))
        hashed = row.token_hash
        yield
        self.assertEqual(self.evil(f"/openid/recover?token={hashed}").status, 410)

    def by_tokens_that_are_nearly_right(self):
        token = self.token(self.link())
        yield
        for wrong in (
            "",
            "x",
            token[:-1],
            token + "x",
            token.swapcase(),
            token + "\0",
            "%00",
            "null",
            "' OR 1=1 --",
            "%25",
            "x" * 4000,
        ):
            self.assertEqual(self.evil(f"/openid/recover?token={wrong}").status, 410, wrong)

    def by_her_own_link_with_his_name(self):
        path = self.link("mallory", "mallory@example.com")
        yield
        self.evil(path, username="miguel", account="miguel", account_id="1", user_id="1")
        self.letter("mallory@example.com")

    def by_two_tokens(self):
        token = self.token(self.link())
        own = self.token(self.link("mallory", "mallory@example.com"))
        yield
        # The first counts, and nothing in the form.
        self.evil(f"/openid/recover?token={own}&token={token[:-1]}", token=token)
        self.letter("mallory@example.com")

    # What a link stands on

    def by_a_link_from_before_a_new_password(self):
        path = self.link()
        self.miguel.get("/openid/password")
        self.miguel.submit(old_password=PASSWORD, password=NEW_PASSWORD)
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_from_before_a_reset(self):
        path = self.link()
        self.run_command("account", "reset", "miguel")
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_to_an_address_that_was_changed(self):
        path = self.link()
        self.confirm("miguel", "new@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_a_link_to_an_address_that_was_removed(self):
        path = self.link()
        self.miguel.get("/settings/account")
        self.miguel.submit(button="Remove my address")
        self.letter("miguel@example.com")
        yield
        self.assertEqual(self.evil(path).status, 410)

    def by_an_address_that_is_his_no_more(self):
        self.confirm("miguel", "new@example.com")
        yield
        self.ask("miguel@example.com")
        self.assert_nothing_comes()

    def by_an_account_that_is_no_way_in_any_more(self):
        path = self.link()
        user = User.find("miguel")
        user.add_identity("https://miguel.example.com/")
        own = sa.select(Identity.id).where(Identity.identifier == f"{SITE}/id/miguel")
        user.delete_identity(db.session.scalar(own))
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.ask("miguel")
        self.assert_nothing_comes()

    def by_a_link_of_somebody_who_left(self):
        path = self.link()
        Account.find("miguel").delete_with(User.find("miguel"))
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.ask("miguel")
        self.ask("miguel@example.com")
        self.assert_nothing_comes()

    def by_a_user_who_left_where_nobody_joins(self):
        path = self.link()
        User.find("miguel").delete()
        self.app.config["JOIN"] = "closed"
        self.addCleanup(self.app.config.update, JOIN="open")
        yield
        self.assertEqual(self.evil(path).status, 410)
        self.own_sign_in()

    def by_a_new_password_while_suspended(self):
        path = self.link()
        moderator = self.john
        with writing():
            moderator.role = "moderator"
        decide(Decision("suspend", Thing(User.find("miguel").id), "Too loud.", 3), moderator)
        self.choose(path)
        self.letter("miguel@example.com")
        yield
        browser = self.own_sign_in(NEW_PASSWORD)
        self.assertEqual(browser.path, "/suspended")
        self.assertTrue(Suspension.of(User.find("miguel").id))
