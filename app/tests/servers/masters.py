"""runp.py beside others: a port that is taken is refused, and no worker outlives its master."""

import signal
import socket
import sys
import unittest

from app.tests.support.programs.processes import (
    START_SECONDS,
    STOP_SECONDS,
    Process,
    copy_of_the_site,
    site_server,
    wait_until,
)


class MasterTests(unittest.TestCase):
    slow = True

    def test_a_taken_port_is_refused_by_both_servers(self):
        folder = copy_of_the_site(self)
        with socket.socket() as other:
            # As granian listens itself, so that two of them could share it.
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            for script in ("runp.py", "run.py"):
                with self.subTest(script):
                    run = Process(self, sys.executable, folder / script, PORT=port)
                    self.assertEqual(run.process.wait(START_SECONDS), 1)
                    self.assertIn(port, run.output)
                    self.assertNotIn("Traceback", run.output)
                    self.assertNotIn("Microblog is at", run.output)

    def test_workers_end_when_their_master_is_killed_and_the_next_has_the_port(self):
        folder = copy_of_the_site(self)
        server = site_server(self, folder, "runp.py", WORKERS="3").wait()
        server.process.send_signal(signal.SIGKILL)
        wait_until(lambda: not server.is_running(), STOP_SECONDS, "every worker gone", server)
        site_server(self, folder, "runp.py", port=server.port).wait()
