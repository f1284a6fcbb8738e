"""All tests side by side in several processes, which is what `python tests.py` runs.

A class of tests stays whole, in one process; those that say `slow = True` begin first.
Every process has a database and a folder of its own, see base.py. TEST_SHUFFLE=on runs
classes and their tests in an order of chance; with the number that it prints, in that order.
"""

import gc
import io
import multiprocessing
import os
import random
import signal
import sys
import unittest
from multiprocessing.connection import Connection, wait
from unittest.runner import TextTestResult

from app.tests.support import base
from app.tests.support.programs import processes

# More would only take each other's connections to the database server.
MOST_PROCESSES = 8
# What a result holds beside numbers: a test, or a test and a text, each.
LISTS = ("errors", "failures", "skipped", "expectedFailures", "unexpectedSuccesses")


class Program(unittest.TestProgram):
    """`unittest.main()`, which runs the tests side by side unless it is given names."""

    def runTests(self) -> None:
        if seed := os.environ.get("TEST_SHUFFLE"):
            seed = seed if seed.isdecimal() else str(random.randrange(1_000_000))
            print(f"Shuffled with TEST_SHUFFLE={seed}", file=sys.stderr)
            self.test = shuffled(self.test, seed)
        if self.testNames is None:
            self.test = ParallelSuite(self.test, in_order=bool(seed))
        super().runTests()


class ParallelSuite(unittest.TestSuite):
    """Tests that run side by side, and come out in one result as if they had not."""

    # One more than there are cores, for some tests do nothing but wait.
    processes = min((os.cpu_count() or 1) + 1, MOST_PROCESSES)

    def __init__(self, tests=(), in_order: bool = False):
        """Take tests, and whether their order counts for more than that slow ones begin first."""
        super().__init__(tests)
        self.in_order = in_order

    def run(self, result: TextTestResult, debug: bool = False) -> TextTestResult:
        suites = _by_class(self)
        if not self.in_order:
            suites.sort(key=lambda suite: not getattr(type(next(iter(suite))), "slow", False))
        undone = dict(enumerate(suites))
        waiting = list(reversed(undone))
        workers = {}
        # What is imported stays; the processes need not look through it for garbage.
        gc.collect()
        gc.freeze()
        try:
            for _ in range(min(self.processes, len(suites))):
                worker = Worker(suites, result)
                workers[worker.connection] = worker
                worker.begin(waiting.pop())
            while workers:
                for connection in wait(workers):
                    worker = workers[connection]
                    try:
                        outcome = connection.recv()
                    except (EOFError, OSError):
                        del workers[connection]
                        if worker.doing is not None:
                            result.errors.append(worker.obituary(undone.pop(worker.doing)))
                        continue
                    _add(result, outcome, undone.pop(worker.doing))
                    stopped = result.shouldStop or (result.failfast and not result.wasSuccessful())
                    worker.begin(waiting.pop() if waiting and not stopped else None)
        finally:
            for worker in workers.values():
                worker.process.terminate()
            for process in multiprocessing.active_children():
                process.join()
        if not result.failfast and not result.shouldStop:
            for suite in undone.values():
                result.errors.append((Told(_name(suite)), "No process was left to run it.\n"))
        return result


class Worker:
    """A process that runs one class of tests after the other, as it is told to."""

    def __init__(self, suites: list[unittest.TestSuite], result: TextTestResult):
        # Forked, it has everything imported already.
        context = multiprocessing.get_context("fork")
        self.connection, its_end = context.Pipe()
        self.process = context.Process(target=_work, args=(its_end, suites, result))
        self.process.start()
        # With no other copy open, reading from a process that has died ends.
        its_end.close()
        self.doing: int | None = None

    def begin(self, number: int | None) -> None:
        """Have it run the suite of this number, or end."""
        self.doing = number
        self.connection.send(number)

    def obituary(self, suite: unittest.TestSuite) -> tuple["Told", str]:
        self.process.join()
        return Told(_name(suite)), f"Its process ended with {self.process.exitcode}.\n"


class Told:
    """Stands for a test of another process in a result."""

    def __init__(self, description: str):
        self.description = description

    def __str__(self) -> str:
        return self.description

    def shortDescription(self) -> None:
        return None


def shuffled(tests: unittest.TestSuite, seed: str) -> unittest.TestSuite:
    """Return the classes of `tests`, and the tests of each, in an order that `seed` decides."""
    chance = random.Random(seed)
    suites = [list(suite) for suite in _by_class(tests)]
    chance.shuffle(suites)
    for suite in suites:
        chance.shuffle(suite)
    return unittest.TestSuite(map(unittest.TestSuite, suites))


def _by_class(tests: unittest.TestSuite) -> list[unittest.TestSuite]:
    """Return a suite for each class, in the order of their first tests."""
    suites: dict[type, unittest.TestSuite] = {}
    unsorted = [tests]
    while unsorted:
        test = unsorted.pop()
        if isinstance(test, unittest.TestSuite):
            unsorted.extend(reversed(list(test)))
        else:
            suites.setdefault(type(test), unittest.TestSuite()).addTest(test)
    return list(suites.values())


def _name(suite: unittest.TestSuite) -> str:
    return type(next(iter(suite))).__qualname__


def _work(connection: Connection, suites: list[unittest.TestSuite], like: TextTestResult) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        while (index := connection.recv()) is not None:
            connection.send(_outcome(suites[index], like))
    except (EOFError, KeyboardInterrupt):
        pass
    finally:
        # multiprocessing's processes do not come to what atexit has been told.
        processes.kill_all()
        base.clean_up()


def _interrupt(*_) -> None:
    # Once: Ctrl-C reaches all of a terminal's processes, and the first of them tells the others
    # as well, which must not keep them from removing what they have made.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _outcome(suite: unittest.TestSuite, like: TextTestResult) -> dict:
    """Run `suite` and give what a result like `like` has to know, in texts and numbers."""
    text = io.StringIO()
    stream = unittest.runner._WritelnDecorator(text)
    result = type(like)(stream, like.descriptions, 2 if like.showAll else int(like.dots))
    result.failfast, result.buffer, result.tb_locals = like.failfast, like.buffer, like.tb_locals
    suite(result)
    told = {
        name: [
            [str(part) if isinstance(part, str) else result.getDescription(part) for part in entry]
            for entry in (e if isinstance(e, tuple) else (e,) for e in getattr(result, name))
        ]
        for name in LISTS
    }
    return {"text": text.getvalue(), "count": result.testsRun, **told}


def _add(result: TextTestResult, outcome: dict, suite: unittest.TestSuite) -> None:
    """Add the outcome of `suite` to `result`."""
    result.stream.write(outcome["text"])
    result.stream.flush()
    result.testsRun += outcome["count"]
    for name in LISTS:
        for description, *text in outcome[name]:
            told = Told(description)
            getattr(result, name).append((told, *text) if text else told)
    # A class that cannot be set up says so in one of the lists.
    if outcome["count"] != suite.countTestCases() and not any(outcome[name] for name in LISTS):
        text = f"{outcome['count']} of {suite.countTestCases()} tests ran.\n"
        result.errors.append((Told(_name(suite)), text))
