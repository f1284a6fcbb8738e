"""The page of notifications: its lines, its number in the menu, and what is read."""

from datetime import timedelta
from unittest import mock

from app.queries import notifications
from app.queries.pagination import PAGE_SIZE
from app.tests.support.clock import Clock
from app.tests.support.people.notifications import NotificationCase


class NotificationPageTests(NotificationCase):
    def test_those_of_a_day_that_are_alike_stand_in_one_line_and_count_as_one(self):
        clock = Clock(self)
        for name in ("ada", "bob"):
            self.person(name).follow(self.john)
        self.assertEqual(self.heard(self.john), ["bob and 1 other follow you"])
        self.susan.write("@john hello")
        self.person("eve").follow(self.john)
        told = ["susan mentioned you: @john hello", "eve and 2 others follow you"]
        self.assertEqual((self.heard(self.john), self.unread(self.john)), (told, 2))
        john = self.browser(self.john)
        john.get("/explore")
        john.get(john.page.links["You have 2 unread"])
        self.assertEqual(john.page.words.count("New:"), 2)
        # What comes to a line that was read makes it a new one.
        self.person("fay").follow(self.john)
        self.assertEqual(self.unread(self.john), 1)
        self.assertEqual(self.heard(self.john)[-1], "fay and 3 others follow you")
        clock.step(timedelta(days=1))
        self.mary.follow(self.john)
        self.assertEqual(self.heard(self.john)[-1], "mary follows you")

    def test_the_first_new_one_has_the_focus_and_leads_to_the_post(self):
        self.susan.write("@john one")
        self.read_all(self.john)
        post = self.susan.write("@john <b>two</b>")
        self.mary.write("@john three")
        john = self.browser(self.john)
        john.get("/notifications")
        self.assertEqual(john.page.words.count("New:"), 2)
        self.assertEqual(john.text.count("autofocus"), 1)
        first = john.text.partition("autofocus")[2]
        self.assertLess(first.index("@john three"), first.index("@john &lt;b&gt;two&lt;/b&gt;"))
        self.assertEqual(john.page.links["@john <b>two</b>"], f"/post/{post.id}")
        john.get("/notifications")
        self.assertNotIn("autofocus", john.text)

    def test_older_ones_are_a_page_further_and_only_what_is_shown_is_read(self):
        for author in (self.susan, self.mary):
            for number in range(15):
                author.write(f"@john {author.nickname} {number}")
        for name in ("ada", "bob", "eve"):
            self.person(name).follow(self.john)
        john = self.browser(self.john)
        john.get("/notifications")
        self.assertIn("You have 9+ unread", john.page.links)
        self.assertIn("eve and 2 others follow you", john.page.words)
        self.assertEqual(john.page.words.count("New:"), PAGE_SIZE)
        self.assertEqual(self.unread(self.john), 31 - PAGE_SIZE)
        john.get(john.page.links["Older"])
        self.assertIn("You have 6 unread", john.page.links)
        self.assertEqual(john.page.words.count("New:"), 6)
        self.assertNotIn("Older", john.page.links)
        john.get(john.page.links["Newer"])
        self.assertIn("eve and 2 others follow you", john.page.words)
        self.assertNotIn("Newer", john.page.links)
        self.assertNotIn("New:", john.page.words)
        self.assertIn("Notifications", john.page.links)
        for nonsense in ("older=0", "newer=x", "older=-3", "newer=99999999999"):
            john.get(f"/notifications?{nonsense}")
            self.assertEqual(john.status, 200)

    def test_the_number_is_that_of_the_page_whatever_happens_while_it_is_made(self):
        read = notifications.of_user

        def read_late(*arguments):
            # The user, and the number with them, was loaded before.
            self.susan.write("@john one")
            return read(*arguments)

        john = self.browser(self.john)
        with mock.patch.object(notifications, "of_user", read_late):
            john.get("/notifications")
        self.assertIn("You have 1 unread", john.page.links)
        self.assertEqual(john.page.words.count("New:"), 1)

    def test_asking_for_the_headers_alone_reads_nothing(self):
        self.susan.write("@john one")
        self.browser(self.john)._open("HEAD", "/notifications", follow=False)
        self.assertEqual(self.unread(self.john), 1)
