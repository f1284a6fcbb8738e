"""The counts beside a name: kept by the database, and the same as what there is."""

from unittest import mock

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Block, User, followers
from app.models.relationships import counts, following
from app.models.relationships.following import FollowsTooMany
from app.tests.support.base import PeopleTestCase
from app.tests.support.concurrency import ConcurrencyCase

MANY = 20


class FollowCountTests(ConcurrencyCase, PeopleTestCase):
    def counted(self, user: User) -> tuple[int, int]:
        """Return how many follow and are followed, after all counts were found right."""
        db.session.rollback()
        self.assertEqual(db.session.scalar(counts.miscounted()), 0)
        columns = User.follower_count, User.following_count
        return tuple(db.session.execute(sa.select(*columns).where(User.id == user.id)).one())

    def test_they_follow_what_people_do(self):
        self.john.follow(self.susan)
        self.susan.follow(self.john)
        self.assertEqual(self.counted(self.john), (1, 1))
        self.john.unfollow(self.susan)
        self.assertEqual(self.counted(self.john), (1, 0))
        Block.begin(self.john.id, self.susan.id)
        self.assertEqual(self.counted(self.john), (0, 0))

    def test_what_fails_counts_nothing(self):
        self.john.follow(self.susan)
        self.assertFalse(self.john.follow(self.susan))
        with self.assertRaises(ZeroDivisionError), writing() as session:
            session.execute(sa.delete(followers))
            raise ZeroDivisionError
        self.assertEqual(self.counted(self.susan), (1, 0))

    def test_whoever_leaves_is_counted_no_more(self):
        self.john.follow(self.susan)
        self.susan.follow(self.john)
        self.susan.delete()
        self.assertEqual(self.counted(self.john), (0, 0))

    def test_the_page_shows_them(self):
        self.john.follow(self.susan)
        browser = self.browser()
        browser.get("/user/susan")
        self.assertIn("1 follower 0 following", " ".join(browser.page.words.split()))

    def test_they_are_right_after_many_at_once(self):
        people = [self.person(f"p{number}") for number in range(MANY)]
        pairs = [(one.id, other.id) for one in people for other in people[:4] if one is not other]
        john, susan = self.john.id, self.susan.id

        def act(one: int, other: int):
            def deed():
                user = db.session.get(User, one)
                user.follow(db.session.get(User, other))
                user.follow(db.session.get(User, susan))
                user.unfollow(db.session.get(User, other))
                # Two that follow each other at once want the same rows, from both ends.
                if one % 2:
                    db.session.get(User, john).follow(db.session.get(User, one))
                else:
                    user.follow(db.session.get(User, john))

            return deed

        self.at_once(act(*pair) for pair in pairs)
        self.assertEqual(self.counted(self.susan)[0], MANY)

    def test_nobody_follows_more_than_one_may(self):
        others = [self.person(f"p{number}") for number in range(3)]
        with mock.patch.object(following, "MAX_FOLLOWING", 2):
            for other in others[:2]:
                self.assertTrue(self.john.follow(other))
            with self.assertRaises(FollowsTooMany):
                self.john.follow(others[2])
            self.assertEqual(self.counted(self.john)[1], 2)
            browser = self.browser(self.john)
            browser.get("/user/p2")
            browser.submit(button="Follow")
            self.assertIn("more cannot be. Unfollow somebody first.", browser.page.words)
            self.john.unfollow(others[0])
            self.assertTrue(self.john.follow(others[2]))

    def test_no_two_at_once_get_past_the_bound(self):
        people = [self.person(f"p{number}") for number in range(8)]
        john = self.john.id

        def follow(other: int):
            def deed():
                try:
                    return db.session.get(User, john).follow(db.session.get(User, other))
                except FollowsTooMany:
                    return False

            return deed

        with mock.patch.object(following, "MAX_FOLLOWING", 3):
            done = self.at_once(follow(person.id) for person in people)
        self.assertEqual(sum(done), 3)
        self.assertEqual(self.counted(self.john)[1], 3)

    def test_what_is_wrong_is_found_and_counted_anew(self):
        self.john.follow(self.susan)
        with writing() as session:
            session.execute(sa.update(User).values(follower_count=7))
        self.assertIn("2 users have a wrong number", self.run_command("check").output)
        self.run_command("user", "recount")
        self.assertEqual(self.counted(self.susan), (1, 0))
