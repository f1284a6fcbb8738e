"""Many who do something at once: everybody hears of it once, and the number is that of the page."""

import re
from unittest import mock

from app import db
from app.models import Block, Post, User
from app.models.notifications import notification
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.notifications import NotificationCase

WRITERS = 20


def user(user_id: int) -> User:
    found = db.session.get(User, user_id)
    assert found
    return found


class NotificationRaceTests(ConcurrencyCase, NotificationCase):
    def authors(self, count: int = WRITERS) -> list[int]:
        return [self.person(f"author{n}").id for n in range(count)]

    def test_the_number_is_that_of_the_page_while_twenty_write(self):
        john_id = self.john.id
        authors = self.authors()
        seen: list[tuple[str, int]] = []
        browsers = [self.browser(self.john), self.browser(self.john)]

        def write(author_id: int):
            def action():
                post_id = user(author_id).write("@susan @john").id
                if author_id in authors[::2]:
                    Post.edit(post_id, author_id, "@john")
                else:
                    Post.delete(post_id, author_id)
                user(author_id).follow(user(john_id))
                if author_id % 2:
                    user(author_id).unfollow(user(john_id))

            return action

        def read(browser):
            def action():
                for _ in range(8):
                    browser.get("/notifications")
                    db.session.rollback()
                    told = re.search(r"You have (\S+) unread", browser.page.words)
                    seen.append((told[1] if told else "0", browser.page.words.count("New:")))

            return action

        self.at_once([*map(write, authors), *map(read, browsers)])
        self.assertEqual(len(seen), 16)
        for told, shown in seen:
            self.assertEqual(told, "9+" if shown > 9 else str(shown))
        # Half of the posts are left, none of which mentions susan; and a line of the followers.
        self.assertEqual((self.unread(self.susan), self.heard(self.susan)), (0, []))
        self.assertEqual(len(self.heard(self.john)), WRITERS // 2 + 1)
        browsers[0].get("/notifications")
        browsers[0].get("/notifications")
        self.assertIn("Notifications", browsers[0].page.links)

    def test_of_an_edit_that_is_sent_twenty_times_one_hears_once(self):
        post = self.susan.write("look")
        ids = post.id, self.susan.id
        self.at_once([lambda: Post.edit(*ids, "@john @mary look")] * WRITERS)
        self.assertEqual((self.unread(self.john), self.unread(self.mary)), (1, 1))
        self.assertEqual(self.heard(self.john), ["susan mentioned you: @john @mary look"])

    def test_nobody_hears_of_whom_they_have_blocked_meanwhile(self):
        john_id, authors = self.john.id, self.authors(8)

        def write(author_id: int):
            return lambda: [user(author_id).write(f"@john @susan {n}") for n in range(3)]

        def follow(author_id: int):
            def action():
                try:
                    user(author_id).follow(user(john_id))
                except Exception as error:
                    self.assertEqual(type(error).__name__, "KeptApart")

            return action

        def block(author_id: int):
            return lambda: Block.begin(john_id, author_id)

        deeds = [deed(author) for author in authors for deed in (write, follow, block)]
        self.at_once(deeds)
        self.assertEqual((self.heard(self.john), self.unread(self.john)), ([], 0))
        self.assertEqual(self.unread(self.susan), 24)

    def test_many_make_room_for_each_other(self):
        authors = self.authors(10)
        with mock.patch.object(notification, "MAX_OF_ACTOR", 2):
            self.at_once(
                lambda author=author: [user(author).write(f"@john {n}") for n in range(6)]
                for author in authors
            )
        self.assertEqual(self.unread(self.john), 20)
