"""Private feeds: for whoever has their address, until it ends."""

from app.models import Block, PrivateFeed, Thing
from app.models.moderation.decisions import Decision, decide
from app.models.tokens import hashed
from app.tests.pages.feeds import FeedTestCase
from app.tests.support.base import SITE
from app.tests.support.people.notifications import NotificationCase

NOTIFICATIONS, HOME = "/notifications.atom", "/home.atom"


class PrivateFeedTests(FeedTestCase, NotificationCase):
    def token(self, user=None) -> str:
        """Make the addresses of feeds, as their user does, and return their token."""
        browser = self.browser(user or self.john)
        browser.get("/settings/notifications")
        has_some = "Make new addresses" in browser.text
        browser.submit(button="Make new addresses" if has_some else "Make the addresses")
        return browser.text.partition("/notifications.atom?token=")[2].partition("<")[0]

    def status(self, token: str) -> set[int]:
        return {self.fetch(f"{path}?token={token}").status_code for path in (NOTIFICATIONS, HOME)}

    def test_a_feed_reader_gets_what_the_user_would_read(self):
        self.john.follow(self.susan)
        post = self.susan.write("@john tea & <b>cake</b>")
        self.mary.follow(self.john)
        self.mary.write("not for john's home")
        token = PrivateFeed.renew(self.john.id)
        feed = self.parsed(f"{NOTIFICATIONS}?token={token}")
        self.assertEqual(feed.feed.title, "Notifications of john · microblog")
        self.assertEqual(
            [(entry.title, entry.link) for entry in feed.entries],
            [
                ("mary follows you", f"{SITE}/notifications"),
                ("susan mentioned you", f"{SITE}/post/{post.id}"),
            ],
        )
        self.assertEqual(feed.entries[1].content[0].value, "@john tea & <b>cake</b>")
        home = self.parsed(f"{HOME}?token={token}")
        self.assertEqual([entry.title for entry in home.entries], ["@john tea & <b>cake</b>"])
        # It is not the page, which would have been read.
        self.assertEqual(self.unread(self.john), 2)

    def test_caches_keep_them_for_nobody_else(self):
        token = PrivateFeed.renew(self.john.id)
        for path in (NOTIFICATIONS, HOME):
            response = self.fetch(f"{path}?token={token}")
            self.assertEqual(response.headers["Cache-Control"], "private, max-age=60")
            again = self.fetch(f"{path}?token={token}", If_None_Match=response.headers["ETag"])
            self.assertEqual(again.status_code, 304)

    def test_without_a_token_that_is_one_there_is_nothing(self):
        token = PrivateFeed.renew(self.john.id)
        for wrong in ("", "x", token[:-1], token + "x", hashed(token), "\x00", "\ud83d" * 9):
            with self.subTest(wrong):
                self.assertEqual(self.status(wrong.encode("utf-8", "replace").decode()), {404})

    def test_a_token_opens_the_feeds_of_its_user_alone_whoever_is_signed_in(self):
        self.susan.write("@john hello")
        token = PrivateFeed.renew(self.susan.id)
        john = self.browser(self.john)
        john.get(f"{NOTIFICATIONS}?token={token}")
        self.assertNotIn("@john hello", john.text)
        self.assertIn("Notifications of susan", john.text)

    def test_its_address_is_shown_once_and_a_new_one_ends_the_old(self):
        first = self.token()
        self.assertEqual(self.status(first), {200})
        stored = self.count(PrivateFeed)
        browser = self.browser(self.john)
        browser.get("/settings/notifications")
        self.assertNotIn("token=", browser.text)
        second = self.token()
        self.assertEqual((self.status(first), self.status(second)), ({404}, {200}))
        self.assertEqual(self.count(PrivateFeed), stored)
        browser.get("/settings/notifications")
        browser.submit(button="End the feeds")
        self.assertEqual(self.status(second), {404})

    def test_nothing_of_the_token_is_in_the_database(self):
        token = PrivateFeed.renew(self.john.id)
        (row,) = PrivateFeed.query.all()
        self.assertEqual(row.token_hash, hashed(token))
        self.assertNotIn(token, repr(vars(row)))

    def test_they_end_with_a_suspension_and_with_all_sign_ins(self):
        def suspend():
            decide(Decision("suspend", Thing(self.john.id), "No.", 1), None)

        def sign_out():
            browser = self.browser(self.john)
            browser.get("/settings/account")
            browser.submit(button="Sign out everywhere")

        for ends in (sign_out, suspend):
            token = PrivateFeed.renew(self.john.id)
            with self.subTest(ends.__name__):
                ends()
                self.assertEqual(self.status(token), {404})
        # While it lasts nobody gets another, and the old one does not come back.
        late = PrivateFeed.renew(self.john.id)
        decide(Decision("lift", Thing(self.john.id), "Yes."), None)
        self.assertEqual((self.status(token), self.status(late)), ({404}, {404}))

    def test_what_somebody_blocked_writes_is_in_neither(self):
        token = PrivateFeed.renew(self.john.id)
        self.john.follow(self.susan)
        self.susan.write("@john before")
        Block.begin(self.john.id, self.susan.id)
        self.assertEqual(self.parsed(f"{HOME}?token={token}").entries, [])
        self.assertEqual(self.parsed(f"{NOTIFICATIONS}?token={token}").entries, [])
