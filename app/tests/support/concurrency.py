"""Actions of several people that begin together."""

import threading
from concurrent.futures import ThreadPoolExecutor

from app import db
from app.tests.support.base import TestCase

PATIENCE = 120


class ConcurrencyCase(TestCase):
    def at_once(self, actions) -> list:
        """Run each action in a thread of its own, as a request would, all starting together.

        Gives their results in order; what one of them raises is raised here.
        """
        actions = list(actions)
        barrier = threading.Barrier(len(actions))

        def run(action):
            with self.app.app_context():
                barrier.wait(PATIENCE)
                return action()

        # What this thread has open must not keep the others waiting.
        db.session.rollback()
        with ThreadPoolExecutor(len(actions)) as pool:
            return [done.result() for done in [pool.submit(run, action) for action in actions]]
