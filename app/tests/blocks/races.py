"""Blocking while others follow, and many blocks at the same moment."""

from unittest import mock

from app import db
from app.models import Block, KeptApart, TooManyBlocks, User, followers
from app.models.relationships import blocks as models
from app.tests.support.base import PeopleTestCase
from app.tests.support.concurrency import ConcurrencyCase


class BlockingAtOnceTests(ConcurrencyCase, PeopleTestCase):
    """Whoever is quicker: afterwards nobody follows whom a block keeps away."""

    ROUNDS = 12

    def test_block_and_follow_at_once(self):
        for n in range(self.ROUNDS):
            one, other = self.person(f"one{n}"), self.person(f"other{n}")
            ids = one.id, other.id

            def follow(me: int, them: int):
                def action():
                    try:
                        return db.session.get(User, me).follow(db.session.get(User, them))
                    except KeptApart:
                        return None

                return action

            self.at_once(
                [
                    lambda ids=ids: Block.begin(*ids),
                    lambda ids=ids: Block.begin(*ids[::-1]),
                    *[follow(*ids), follow(*ids[::-1])] * 3,
                ]
            )
            db.session.rollback()
            self.assertTrue(Block.stands_between(*ids))
            self.assertEqual((self.count(Block), self.count(followers)), (2 * (n + 1), 0))

    def test_many_at_once_stay_below_the_bound(self):
        others = [self.person(f"other{n}").id for n in range(8)]
        me = self.john.id

        def block(other: int):
            def action():
                try:
                    return Block.begin(me, other)
                except TooManyBlocks:
                    return None

            return action

        with mock.patch.object(models, "MAX_BLOCKS", 3):
            done = self.at_once(map(block, others))
        self.assertEqual(sorted(map(str, done)), ["None"] * 5 + ["True"] * 3)
        self.assertEqual(self.count(Block), 3)
