"""Tests that run in several processes: nothing of them is lost on the way."""

import io
import os
import signal
import sys
import unittest
from pathlib import Path

from app.tests.support.base import database_url, folder
from app.tests.support.programs.parallel import ParallelSuite, shuffled
from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    temporary_folder,
    wait_until,
)
from config import basedir

# Two classes of tests that never end, in two processes.
ENDLESS = """
import os, threading, unittest
from app.tests.support import base
from app.tests.support.programs import parallel

class One(unittest.TestCase):
    def test_it_never_ends(self):
        base.folder()
        # At once, for another process writes too.
        os.write(1, f"{type(self).__name__} waits\\n".encode())
        threading.Event().wait()

class Two(One):
    pass

parallel.ParallelSuite.processes = 2
tests = [unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in (One, Two)]
unittest.TextTestRunner().run(parallel.ParallelSuite(tests))
"""


def cases() -> dict[str, type[unittest.TestCase]]:
    """Make classes with every kind of outcome; made here, they are no tests of the suite."""

    class Mixed(unittest.TestCase):
        def test_passes(self):
            pass

        def test_fails(self):
            self.assertEqual(1, 2, "as it should")

        def test_errs(self):
            raise ZeroDivisionError("as it should")

        def test_is_skipped(self):
            self.skipTest("for a reason")

        def test_parts(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertEqual(number, 1)

        @unittest.expectedFailure
        def test_fails_as_expected(self):
            self.fail()

        @unittest.expectedFailure
        def test_passes_unexpectedly(self):
            pass

    class Broken(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise OSError("no server today")

        def test_never_runs(self):
            pass

    class Late(unittest.TestCase):
        slow = True

        def test_begins_first(self):
            pass

    class Dying(unittest.TestCase):
        def test_takes_its_process_along(self):
            os.kill(os.getpid(), signal.SIGKILL)

        def test_would_run_next(self):
            pass

    return {case.__name__: case for case in (Mixed, Broken, Late, Dying)}


def run(*names: str, suite=ParallelSuite, processes: int = 2, **options):
    """Run the classes of these names; give the result, and what is printed."""
    output = io.StringIO()
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    tests = suite([load(cases()[name]) for name in names])
    tests.processes = processes
    result = unittest.TextTestRunner(output, **options).run(tests)
    return result, output.getvalue()


class ShuffledTests(unittest.TestCase):
    def suite(self) -> unittest.TestSuite:
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        return unittest.TestSuite(load(case) for case in cases().values())

    def ids(self, seed: str) -> list[tuple[str, ...]]:
        return [tuple(test.id() for test in suite) for suite in shuffled(self.suite(), seed)]

    def test_a_seed_decides_the_order_of_classes_and_of_their_tests(self):
        self.assertEqual(self.ids("1"), self.ids("1"))
        orders = [self.ids(str(seed)) for seed in range(20)]
        self.assertGreater(len({tuple(map(frozenset, order)) for order in orders}), 1)
        mixed = {tests for order in orders for tests in order if "Mixed" in tests[0]}
        self.assertGreater(len(mixed), 1)

    def test_nothing_is_lost_and_a_class_stays_whole(self):
        plain = {frozenset(test.id() for test in suite) for suite in self.suite()}
        self.assertEqual({frozenset(tests) for tests in self.ids("7")}, plain)

    def test_the_seed_is_printed_also_when_names_are_given(self):
        process = Process(
            self,
            sys.executable,
            "tests.py",
            "TestCase",
            "WaitTests",
            cwd=basedir,
            TEST_SHUFFLE="42",
        )
        self.assertEqual(process.process.wait(START_SECONDS), 0, process.output)
        self.assertIn("Shuffled with TEST_SHUFFLE=42\n", process.output)
        self.assertIn("Ran 3 tests", process.output)

    def test_it_goes_before_that_the_slow_ones_begin_first(self):
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        tests = ParallelSuite([load(cases()[n]) for n in ("Broken", "Late")], in_order=True)
        tests.processes = 1
        output = io.StringIO()
        unittest.TextTestRunner(output, verbosity=2).run(tests)
        self.assertLess(output.getvalue().index("setUpClass"), output.getvalue().index("begins_"))


class ParallelTests(unittest.TestCase):
    def test_every_outcome_comes_out_as_it_does_in_one_process(self):
        names = ("Mixed", "Broken", "Late")
        expected, _ = run(*names, suite=unittest.TestSuite)
        found, output = run(*names, verbosity=2)
        self.assertEqual(found.testsRun, expected.testsRun)
        self.assertEqual(found.wasSuccessful(), expected.wasSuccessful())
        for kind in ("failures", "errors", "skipped", "expectedFailures"):
            with self.subTest(kind):
                told, due = (
                    sorted((str(test), text.splitlines()[-1]) for test, text in getattr(r, kind))
                    for r in (found, expected)
                )
                self.assertTrue(due)
                self.assertEqual(told, due)
        self.assertEqual(len(found.unexpectedSuccesses), 1)
        for words in (
            "skipped 'for a reason'",
            "ZeroDivisionError: as it should",
            "no server today",
            "FAILED (failures=3, errors=2, skipped=1, expected failures=1, unexpected successes=1)",
        ):
            self.assertIn(words, output)

    def test_a_process_that_dies_is_an_error_and_the_others_go_on(self):
        # With one process there is nobody left for the rest, which is said as well.
        for names, processes, lost in ((("Dying", "Late"), 2, []), (("Dying", "Mixed"), 1, [1])):
            with self.subTest(processes=processes):
                result, output = run(*names, processes=processes)
                dead, *left = [text for _, text in result.errors]
                self.assertEqual(dead, "Its process ended with -9.\n")
                self.assertEqual(left, ["No process was left to run it.\n" for _ in lost])
                self.assertEqual(result.testsRun, 0 if lost else 1)
                self.assertIn(f"FAILED (errors={len(result.errors)})", output)
                self.assertIn("Dying", output)

    def test_the_slow_ones_begin_first(self):
        _, output = run("Mixed", "Late", processes=1, verbosity=2)
        self.assertTrue(output.startswith("test_begins_first"), output)

    def test_a_process_has_a_folder_and_a_database_of_its_own_and_removes_them(self):
        mine, told = (str(folder()), database_url()), temporary_folder(self)

        class Telling(unittest.TestCase):
            def test_it(self):
                (told / str(os.getpid())).write_text(f"{folder()}\n{database_url()}")

        suite = ParallelSuite([unittest.defaultTestLoader.loadTestsFromTestCase(Telling)])
        self.assertTrue(unittest.TextTestRunner(io.StringIO()).run(suite).wasSuccessful())
        [file] = told.iterdir()
        theirs = file.read_text().splitlines()
        self.assertFalse(set(theirs) & set(mine))
        self.assertFalse(Path(theirs[0]).exists())
        self.assertTrue(folder().is_dir())

    def test_ctrl_c_ends_all_and_leaves_nothing(self):
        home = temporary_folder(self)
        process = Process(
            self, sys.executable, "-c", ENDLESS, cwd=basedir, TMPDIR=str(home), PYTHONPATH="."
        )
        for name in ("One", "Two"):
            process.wait_for_output(f"{name} waits")
        self.assertEqual(len(list(home.iterdir())), 2)
        process.stop(signal.SIGINT, whole_group=True)
        wait_until(lambda: not list(home.iterdir()), START_SECONDS, "no folders", process)
        self.assertIn("KeyboardInterrupt", process.output)
