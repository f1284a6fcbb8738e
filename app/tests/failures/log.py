"""The log: what is in it, in which form, and that nothing of it gets lost."""

import contextlib
import io
import stat
import unittest

from app.failures.log import MAX_LOG, MAX_RECORD, OLD_LOGS
from app.tests.support.base import SITE, Browser, settings
from app.tests.support.failures import ENTRY, FailureCase
from app.tests.support.programs.log_writers import write_from_four_processes
from config import VERSION

# A benchmark writes the full hundred thousand; see bench/failures.py.
LINES_EACH = 2_500


class SharedLogTests(unittest.TestCase):
    slow = True

    def test_four_processes_lose_no_line_and_tear_none_over_many_rotations(self):
        found, count, files = write_from_four_processes(self, LINES_EACH)
        expected = {(str(n), str(line)) for n in range(4) for line in range(LINES_EACH)}
        self.assertEqual(len(expected - found), 0)
        self.assertEqual(count, len(expected))
        self.assertGreater(files, 20)


class LogTests(FailureCase):
    def test_it_begins_with_the_start_and_every_entry_has_the_format(self):
        browser = Browser(self.failing_app())
        browser.get("/fail")
        lines = self.log()
        self.assertIn(f" INFO: microblog startup: version {VERSION}, ", lines[0])
        for line in lines:
            if not line.startswith("    "):
                self.assertRegex(line, ENTRY)
        self.assertIn("    ZeroDivisionError: deliberately", lines)

    def test_the_start_tells_settings_and_no_secret(self):
        self.failing_app(
            MAIL_PASSWORD="Mail-Pass-Word",
            RATELIMIT_STORAGE_URI="redis://user:Redis-Word@127.0.0.1:1/0?password=Other-Word",
        )
        start = self.log()[0]
        for part in (f"SITE_URL={SITE}", "PROVIDER=open", "DATABASE_URL=", "ADMINS=0"):
            self.assertIn(part, start)
        for part in ("Mail-Pass-Word", "Redis-Word", "Other-Word", settings()["SECRET_KEY"]):
            self.assertNotIn(part, start)

    def test_what_is_made_of_addresses_and_requests_is_told_on_each_record(self):
        app = self.failing_app()
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
            app.logger.info("inside")
        app.logger.info("outside")
        self.assertIn("INFO: inside (no user, from 192.0.2.7) [in ", self.entries("inside")[0])
        self.assertIn("INFO: outside [in ", self.entries("outside")[0])

    def test_it_rotates_at_one_megabyte_and_keeps_ten_for_their_owner_alone(self):
        app = self.failing_app()
        line = "x" * (MAX_RECORD - 300)
        for number in range(MAX_LOG // len(line) * (OLD_LOGS + 2)):
            app.logger.info("%d %s", number, line)
        logs = {path.name: path.stat() for path in self.folder.glob("microblog.log*")}
        expected = {"microblog.log", *(f"microblog.log.{n}" for n in range(1, 11))}
        self.assertEqual(set(logs), expected)
        for name, found in logs.items():
            with self.subTest(log=name):
                # The entry that fills it is still in it.
                self.assertLessEqual(found.st_size, 1024 * 1024 + len(line) + 1000)
                self.assertEqual(stat.S_IMODE(found.st_mode), 0o600)
        # The newest entry is in the newest file.
        self.assertIn(f" {number} x", self.log()[-1])

    def test_a_line_break_in_an_address_makes_no_entry(self):
        app = self.failing_app()
        browser = Browser(app)
        for mark in ("%0A", "%0D", "%0D%0A", "%C2%85", "%E2%80%A8", "%0B", "%0C", "%1B%5B2K"):
            with self.subTest(mark=mark):
                browser.get(f"/fail/a{mark}ERROR: forged")
                # Just what a terminal or a reader of lines would make of it.
                for line in self.log():
                    self.assertFalse(line.startswith("ERROR: forged"), line)
                    self.assertTrue(line.isprintable(), repr(line))
        self.assertEqual(len(self.entries("ERROR: forged")), 8)

    def test_a_line_break_in_an_exception_makes_no_entry(self):
        app = self.failing_app()
        browser = Browser(app)
        for mark in ("%0A", "%0D", "%E2%80%A8", "%1B%5B2K"):
            with self.subTest(mark=mark):
                browser.get(f"/say/a{mark}ERROR: forged")
                for line in self.log():
                    self.assertFalse(line.startswith("ERROR: forged"), line)
                    self.assertTrue(line.isprintable(), repr(line))

    def test_a_dash_logs_to_standard_output_only(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            app = self.failing_app(LOG_FILE="-")
        Browser(app).get("/fail")
        lines = output.getvalue().splitlines()
        self.assertIn("microblog startup", lines[0])
        self.assertIn("    ZeroDivisionError: deliberately", lines)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_restart_adds_to_it(self):
        self.failing_app()
        self.failing_app()
        self.assertEqual(len(self.entries("microblog startup")), 2)

    def test_two_applications_in_a_process_do_not_log_everything_twice(self):
        self.failing_app()
        app = self.failing_app()
        app.logger.info("only once")
        self.assertEqual(len(self.entries("only once")), 1)
