"""Throttle of failures: a few mails with a count, in one process and in several."""

import signal
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from app.failures.throttle import Throttle
from app.tests.support.clock import Clock
from app.tests.support.failures import MailCase
from app.tests.support.programs.mail import MAIL_SECONDS, mail_server, mail_settings
from app.tests.support.programs.processes import (
    copy_of_the_site,
    free_port,
    missing_table,
    redis_server,
    site_server,
    unhurried,
    wait_until,
)

FAST = {"FAILURE_QUIET_SECONDS": 900, "FAILURE_MAILS_PER_HOUR": 20, "FAILURE_HOUR_SECONDS": 3600}


def counted(subject: str) -> int:
    """Return how many failures a mail of this subject tells of."""
    return int(subject.partition("), ")[2].partition(" ")[0] or 1)


class FloodTests(MailCase):
    slow = True

    def wait_for_waiting(self, app, count: int) -> None:
        """Wait until the mail thread has seen so many failures of which it does not tell yet."""
        waiting = self.failure_mail(app).waiting

        def seen() -> int:
            return sum(kind.count for kind in list(waiting.values()))

        wait_until(lambda: seen() == count, MAIL_SECONDS, f"{count} that wait")

    def test_the_first_of_a_kind_is_mailed_at_once_and_the_rest_counted(self):
        box = self.mail_server()
        app, clock = self.failing_app(**self.mail), Clock(self)
        first = self.meet_failure(app)
        self.assertIn(f"(ref {first})", self.letter(box)[1]["Subject"])
        references = [self.meet_failure(app, f"/fail/{number}") for number in range(30)]
        self.wait_for_waiting(app, 30)
        for seconds in (0, app.config["FAILURE_QUIET_SECONDS"] - 1):
            clock.move(seconds=seconds)
            self.hurry(app)
            self.assertTrue(box.letters.empty())
        clock.move(seconds=2)
        self.hurry(app)
        _, letter = self.letter(box)
        self.assertIn(f"(ref {references[-1]}), 30 times", letter["Subject"])
        text = letter.get_content()
        self.assertIn("How often: 30 times since the last mail about it", text)
        for reference in references:
            self.assertIn(reference, text)
        # Told, and forgotten: the next one is a first again.
        self.wait_for_waiting(app, 0)
        self.assertEqual(len(self.entries("Exception on /fail", 31)), 31)

    def test_another_kind_does_not_wait_for_the_first(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        for path in ("/fail", "/say/a", "/kind/1", "/kind/2"):
            self.meet_failure(app, path)
            self.assertIn(f"GET {path} ", self.letter(box)[1]["Subject"])

    def test_a_thousand_at_once_are_two_mails_at_most(self):
        box = self.mail_server()
        app = self.failing_app(**self.mail)
        client = [app.test_client() for _ in range(8)]

        def meet(number: int) -> int:
            answer = client[number % 8].get("/fail", base_url="http://127.0.0.1:5000")
            return answer.status_code

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(meet, range(1000))), {500})
        self.failure_mail(app).queue.finish()
        subjects = [self.letter(box)[1]["Subject"] for _ in range(box.letters.qsize())]
        self.assertIn(len(subjects), {1, 2})
        self.assertEqual(sum(map(counted, subjects)), 1000)
        logs = [path.read_text() for path in self.folder.glob("microblog.log*")]
        self.assertEqual(sum(log.count("ERROR: Exception on") for log in logs), 1000)

    def test_over_all_kinds_there_are_so_many_an_hour_and_one_that_says_so(self):
        box = self.mail_server()
        app, clock = self.failing_app(**self.mail, FAILURE_MAILS_PER_HOUR=4), Clock(self)
        for number in range(7):
            self.meet_failure(app, f"/kind/{number}")
        subjects = [self.letter(box)[1]["Subject"] for _ in range(5)]
        self.assertTrue(all("ZeroDivisionError at" in subject for subject in subjects[:4]))
        self.assertEqual(subjects[4], "[microblog] too many kinds of failures")
        # The others are told when that hour is over.
        self.wait_for_waiting(app, 3)
        clock.move(seconds=app.config["FAILURE_HOUR_SECONDS"] + 1)
        self.hurry(app)
        later = {self.letter(box)[1]["Subject"].split()[5] for _ in range(3)}
        self.assertEqual(later, {"/kind/4", "/kind/5", "/kind/6"})

    def test_counters_that_are_away_are_a_warning_and_nothing_else(self):
        box = self.mail_server()
        app = self.failing_app(
            **self.mail, RATELIMIT_STORAGE_URI=f"redis://127.0.0.1:{free_port()}/0"
        )
        for _ in range(5):
            self.meet_failure(app)
        self.failure_mail(app).queue.finish()
        self.assertEqual(len(self.entries("counted by each process for itself")), 1)
        # The first, and at the end the rest, however many each of them is.
        subjects = [self.letter(box)[1]["Subject"] for _ in range(box.letters.qsize())]
        self.assertIn(len(subjects), {1, 2})
        self.assertEqual(sum(map(counted, subjects)), 5)


class SharedCountTests(unittest.TestCase):
    """Two processes' counts, in one Redis."""

    def floods(self, uri: str) -> Throttle:
        warnings = []
        self.addCleanup(lambda: self.assertEqual(warnings, []))
        return Throttle({**FAST, "RATELIMIT_STORAGE_URI": uri}, warnings.append)

    def test_redis_makes_it_one_mail_and_one_count_for_all_processes(self):
        _, uri = redis_server(self)
        one, other = self.floods(uri), self.floods(uri)
        one.count("kind", 3)
        other.count("kind", 4)
        self.assertTrue(one.ask("kind").allowed)
        refused = other.ask("kind")
        self.assertEqual((refused.allowed, refused.only_this_kind), (False, True))
        self.assertEqual(one.take("kind"), 7)
        self.assertEqual(other.waiting("kind"), 0)
        other.count("kind", 2)
        self.assertEqual((one.waiting("kind"), other.take("kind")), (2, 2))

    def test_counts_taken_by_several_at_once_add_up(self):
        _, uri = redis_server(self)
        floods = [self.floods(uri) for _ in range(4)]

        def count(own: Throttle) -> None:
            for _ in range(50):
                own.count("kind", 1)

        with ThreadPoolExecutor(4) as pool:
            for _ in range(10):
                list(pool.map(count, floods))
                together = threading.Barrier(4)

                def take(own: Throttle, together=together) -> int:
                    own.waiting("kind")
                    together.wait()
                    return own.take("kind")

                self.assertEqual(sum(pool.map(take, floods)), 200)
                self.assertEqual(floods[0].waiting("kind"), 0)


class ServerFloodTests(unittest.TestCase):
    """runp.py with two workers under a flood, then told to stop."""

    slow = True

    def flooded(self, **settings) -> tuple[list, int]:
        box = mail_server(self)
        folder = copy_of_the_site(self)
        server = site_server(
            self,
            folder,
            "runp.py",
            WORKERS="2",
            **unhurried(folder),
            **mail_settings(box.port),
            **settings,
        ).wait()

        def meet(first: int) -> set[int]:
            browser = server.browser()
            return {browser.get(f"/id/nobody{n}").status_code for n in range(first, first + 25)}

        with missing_table(folder, "account"), ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(meet, range(0, 200, 25))), [{500}] * 8)
        server.stop(signal.SIGTERM)
        log = "".join(p.read_text() for p in (folder / "tmp").glob("microblog.log*"))
        self.assertEqual(log.count("ERROR: Exception on /id/nobody"), 200)
        self.assertEqual(log.count("\n    Traceback"), 400)
        texts = [letter.partition("How often: ")[2] for letter in box.taken()]
        words = [text.split(None, 1)[0] for text in texts]
        return words, sum(1 if word == "once" else int(word) for word in words)

    def test_each_process_sends_one_mail_and_one_summary_at_most(self):
        mails, told = self.flooded()
        self.assertLessEqual(len(mails), 4)
        self.assertEqual(told, 200)

    def test_with_redis_all_processes_together_send_one_and_their_summaries(self):
        _, uri = redis_server(self)
        mails, told = self.flooded(RATELIMIT_STORAGE_URI=uri)
        # One at once; and as each of the two ends, what has been counted until then.
        self.assertLessEqual(len(mails), 3)
        self.assertEqual(told, 200)
