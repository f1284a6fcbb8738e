"""PostgreSQL really stopped and started again, in a cluster of this test's own."""

import unittest

from app.tests.support.base import Browser
from app.tests.support.data.outages import BrokenCase
from app.tests.support.programs.postgresql import Cluster
from app.tests.support.programs.processes import TEST_SERVER


@unittest.skipIf(TEST_SERVER, "runs in the other run of the suite: once is enough")
class StoppedPostgreSQLTests(BrokenCase):
    slow = True

    def database(self) -> str:
        self.cluster = Cluster(self)
        return self.cluster.url

    def test_a_server_that_is_stopped_is_told_once_and_the_site_recovers(self):
        john = self.john()
        for mode in ("fast", "immediate"):
            with self.subTest(mode=mode):
                john.get("/")
                self.assertEqual(john.page.heading, "Home")
                self.cluster.stop(mode)
                for path in ("/", "/edit", "/user/john", "/login"):
                    self.assert_fails(john, path)
                for path in ("/explore", "/user/john"):
                    self.assert_fails(Browser(self.own), path)
                self.assert_ready_says("database")
                # The last line of a traceback, which the log indents.
                self.assertRegex("\n".join(self.log()), "Error: .*refused")
                self.cluster.start()
                # The same browser, still signed in, and nothing was started but the server.
                self.assert_well()
        self.assert_told_once()
