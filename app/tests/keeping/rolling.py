"""Machines that are restarted one after the other while people read and write: nobody notices."""

import unittest

from app.tests.bench.drills import faults
from app.tests.bench.drills.load import Load
from app.tests.support.fleet.fleet import SECRET_KEY, Fleet


class RollingRestartTests(unittest.TestCase):
    slow = True

    def test_nothing_fails_and_nothing_is_lost(self):
        fleet = Fleet(self, RATELIMIT_ENABLED="off")
        tls = fleet.nginx.tls
        people = {"writers": 4, "readers": 4, "keeps_alive": False}
        load = Load(fleet.origin, fleet.database.url, SECRET_KEY, tls=tls, **people)
        with load:
            faults.rolling_restart(fleet, seconds=0)
        self.assertEqual([outcome for outcome in load.outcomes if outcome.has_failed], [])
        self.assertGreater(len(load.acknowledged), 10)
        self.assertEqual(load.lost(), set())
