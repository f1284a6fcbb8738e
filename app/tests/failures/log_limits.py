"""The log under attack: nobody makes it turn over what stood in it before."""

import logging
import re

from app.failures import log_limit
from app.failures.log import MAX_RECORD, MAX_TRACEBACK
from app.failures.log_limit import MAX_LINES, MAX_LINES_OF_ALL, MAX_WINDOWS, WINDOW_SECONDS
from app.tests.support.base import SITE, Browser
from app.tests.support.clock import MonotonicClock
from app.tests.support.failures import ENTRY, FailureCase, MailCase


class LogLimitCase(FailureCase):
    def setUp(self):
        super().setUp()
        self.clock = MonotonicClock(self, log_limit)

    def told(self, word: str) -> list[str]:
        return [line for line in self.log() if word in line]

    def log_from(self, app, address: str, *arguments, times: int = 1) -> None:
        """Log something `times` times on behalf of a visitor from `address`."""
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
            for _ in range(times):
                app.logger.warning(*arguments)


class LogFloodTests(LogLimitCase):
    def test_200_long_requests_leave_it_short_and_keep_what_was_before(self):
        app = self.failing_app()
        app.logger.info("what was before")
        client = app.test_client()
        # What an exception quotes twice escaped is not found in it.
        for mode in ("x" * 60_000, "\\'\n" * 7_000):
            for _ in range(200):
                answer = client.post("/openid", data={"openid.mode": mode}, base_url=SITE)
                self.assertEqual(answer.status_code, 400)
        self.assertEqual([path.name for path in self.folder.glob("*.log*")], ["microblog.log"])
        self.assertLess(self.log_path.stat().st_size, 20 * MAX_RECORD)
        self.assertEqual(len(self.told("what was before")), 1)

    def test_what_was_left_out_is_told_as_a_count_by_the_next_line(self):
        app = self.failing_app()
        self.log_from(app, "192.0.2.7", "sign-in refused: %s", "cancelled", times=MAX_LINES + 190)
        self.assertEqual(len(self.told("sign-in refused")), MAX_LINES)
        self.clock.move(WINDOW_SECONDS)
        app.logger.info("next")
        count, following = self.log()[-2:]
        self.assertIn("WARNING: 190 more of these from 192.0.2.7 were left out [in ", count)
        self.assertIn("log_limits.py:", count)
        self.assertIn("next", following)
        for line in self.log():
            self.assertRegex(line, ENTRY)
        # Told once, and the next minute begins anew.
        self.log_from(app, "192.0.2.7", "sign-in refused: %s", "cancelled")
        self.assertEqual(len(self.told("left out")), 1)
        self.assertEqual(len(self.told("sign-in refused")), MAX_LINES + 1)

    def test_the_end_of_the_process_tells_it_too(self):
        app = self.failing_app()
        self.log_from(app, "192.0.2.7", "often", times=MAX_LINES + 3)
        self.failing_app()
        self.assertEqual(len(self.told("3 more of these from 192.0.2.7 were left out")), 1)

    def test_one_address_and_one_kind_leave_their_room_to_others(self):
        app = self.failing_app()
        self.log_from(app, "192.0.2.7", "often", times=5 * MAX_LINES)
        self.log_from(app, "192.0.2.8", "from elsewhere")
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
            app.logger.info("sign-in of user 1")
        self.assertEqual(len(self.told("from elsewhere")), 1)
        self.assertEqual(len(self.told("sign-in of user 1")), 1)

    def test_many_addresses_together_have_a_bound_and_take_no_memory(self):
        app = self.failing_app()
        for number in range(MAX_WINDOWS + 500):
            address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
            self.log_from(app, address, "from many")
        self.assertEqual(len(self.told("from many")), MAX_LINES_OF_ALL)
        limits = next(h.filters[0] for h in app.logger.handlers if h.filters)
        self.assertLessEqual(len(limits.windows), MAX_WINDOWS + 2)
        self.clock.move(WINDOW_SECONDS)
        app.logger.info("next")
        self.assertEqual(limits.windows, {})
        counts = [int(re.search(r"(\d+) more of", line)[1]) for line in self.told("left out")]
        self.assertEqual(sum(counts), MAX_WINDOWS + 500 - MAX_LINES_OF_ALL)
        self.assertEqual(len(counts), 2)

    def test_what_no_visitor_caused_is_never_left_out(self):
        app = self.failing_app()
        for _ in range(3 * MAX_LINES):
            app.logger.warning("outside a request")
        self.assertEqual(len(self.told("outside a request")), 3 * MAX_LINES)

    def test_what_a_library_says_is_limited_as_well(self):
        app = self.failing_app()
        with app.test_request_context("/"):
            for _ in range(3 * MAX_LINES):
                logging.getLogger("openid.kvform").warning("odd line")
        self.assertEqual(len(self.told("odd line")), MAX_LINES)


class FailuresInAFloodTests(LogLimitCase, MailCase):
    def test_failures_are_all_logged_and_mailed(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        for _ in range(3 * MAX_LINES):
            reference = self.meet_failure(app)
            self.assertEqual(len(self.told(reference)), 1)
        _, first = self.letter(box)
        app.extensions["mail"].finish()
        _, last = self.letter(box)
        # The first tells of all that had happened when it was written.
        told = [re.search(r", (\d+) times$", letter["Subject"]) for letter in (first, last)]
        self.assertEqual(sum(int(many[1]) if many else 1 for many in told), 3 * MAX_LINES)


class LongRecordTests(LogLimitCase):
    def test_a_record_has_2_kb_at_most_and_says_so(self):
        app = self.failing_app()
        for text in ("x" * 60_000, "é" * 60_000, "\n" * 60_000, "😀" * 2000):
            with self.subTest(text[:1]):
                app.logger.warning("odd: %s", text)
                line = self.log_path.read_bytes().splitlines()[-1]
                self.assertLessEqual(len(line), MAX_RECORD)
                self.assertGreater(len(line), MAX_RECORD - 100)
                self.assertRegex(line.decode(), r"WARNING: odd: .+ \[cut, \d+ bytes more\] \[in ")
        app.logger.warning("odd: %s", "x" * 1000)
        self.assertNotIn("cut", self.log()[-1])

    def test_a_traceback_has_20_kb_at_most_and_keeps_both_ends(self):
        app = self.failing_app()

        @app.get("/deep")
        def deep(level=200):
            if level:
                return deep(level - 1)
            raise ValueError("😀" * 30_000 + "the end")

        @app.get("/long")
        def long():
            raise ValueError("\n".join(["a line of it"] * 10_000) + "the end")

        for path in ("/deep", "/long"):
            with self.subTest(path):
                before = self.log_path.stat().st_size
                self.assertEqual(Browser(app).get(path).status_code, 500)
                entry = self.log_path.read_bytes()[before:]
                self.assertLessEqual(len(entry), MAX_TRACEBACK)
                lines = entry.decode().splitlines()
                self.assertIn(f"Exception on {path}", lines[0])
                self.assertEqual(lines[1], "    Traceback (most recent call last):")
                self.assertTrue(lines[-1].endswith("the end"), lines[-1][-80:])
                self.assertEqual([line for line in lines[1:] if line[:4].strip()], [])
                self.assertEqual(sum("[cut, " in line for line in lines), 1)


class OwnWordTests(FailureCase):
    """What the site says itself stays readable, whatever a visitor sends beside it."""

    def test_the_reason_of_a_refused_sign_in_is_told(self):
        app = self.failing_app()
        browser = Browser(app)
        # Each would be hidden if the visitor's words were looked for in ours.
        typed = "cancelled refused sign-in elsewhere not_openid".split()
        query = "&".join(f"x{number}={word}" for number, word in enumerate(typed))
        browser.get(f"/login?openid_complete=yes&state=x&{query}&openid.mode=cancel")
        self.assertEqual(len(self.entries("WARNING: sign-in refused: elsewhere (no user")), 1)
        browser.submit(openid="=xri", remember_me="refused")
        self.assertEqual(len(self.entries("sign-in refused: not_openid (no user")), 1)

    def test_a_limit_is_told_with_its_place(self):
        app = self.failing_app(RATELIMIT_ENABLED="on")
        client = app.test_client()
        for _ in range(31):
            client.get("/search?q=limit+hit&b=explore.find&c=30+per", base_url=SITE)
        self.assertRegex(self.entries("INFO: limit hit")[0], r"limit hit: .+ at explore\.find ")

    def test_what_the_visitor_sent_is_hidden_where_a_line_quotes_it(self):
        app = self.failing_app()
        with app.test_request_context("/?a=Tr0ub4dor"):
            app.logger.info("quoted: %s and %r", "Tr0ub4dor", ["Tr0ub4dor"])
            # Libraries make their texts before the log sees them.
            logging.getLogger("openid.consumer").error("quoted: Tr0ub4dor")
        self.assertNotIn("Tr0ub4dor", "\n".join(self.log()))
        self.assertIn("quoted: [hidden] and ['[hidden]']", self.entries(" and ")[0])
        self.assertIn("quoted: [hidden]", self.log()[-1])
