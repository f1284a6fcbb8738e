"""What is installed is what was tested: every package by name, with its hashes."""

import ast
import re
import shutil
import subprocess
import sys
import unittest
from importlib.metadata import packages_distributions
from pathlib import Path

from app.tests.support.programs.processes import temporary_folder
from config import basedir

CHECK = basedir / ".ci" / "lock.py"
HASH = f" \\\n    --hash=sha256:{'0' * 64}\n"
ONE = f"one==1.0{HASH}    # via -r requirements.txt\n"
HELPER = f"helper==3.0{HASH}    # via one\n"
TWO = f"two[big]==2.0{HASH}    # via\n    #   -r app/tests/requirements.txt\n    #   one\n"
ONE_OF_TESTS = f"one==1.0{HASH}    # via\n    #   -r app/tests/../../requirements.txt\n"


class LockTests(unittest.TestCase):
    """The long files fit the short ones that people write."""

    def setUp(self):
        self.folder = temporary_folder(self)
        self.write(".ci/lock.py", CHECK.read_text(encoding="utf-8"))
        self.write("requirements.txt", "# A word.\nOne==1.0\n")
        self.write(
            "app/tests/requirements.txt", "-r ../../requirements.txt\ntwo[big]==2.0  # why\n"
        )
        self.write(".requirements/production.txt", ONE + HELPER)
        self.write(".requirements/tests.txt", ONE_OF_TESTS + HELPER + TWO)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def checked(self, top: Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, top / ".ci" / "lock.py", "--check"], capture_output=True, text=True
        )
        return done.returncode, done.stderr

    def test_those_of_the_site_fit(self):
        self.assertEqual(self.checked(basedir), (0, ""))

    def test_what_fits_passes_without_a_word(self):
        self.assertEqual(self.checked(self.folder), (0, ""))

    def test_what_does_not_fit_is_one_sentence_that_names_it(self):
        short, long = "requirements.txt", ".requirements/production.txt"
        for name, text, words in (
            (short, "one==1.1\n", (long, "(one)", "run .ci/lock.py.")),
            (short, "one==1.0\nthree==1.0\n", (long, "(three)")),
            (short, "", (long, "(one)")),
            (short, "one[small]==1.0\n", (long, "one[small]")),
            (short, "one>=1.0\n", (short, "one>=1.0", "name==version")),
            (long, "one==1.0\n    # via -r requirements.txt\n", (long, "no hash of one")),
            (long, "--index-url https://mirror.example/\n" + ONE, (long, "package index")),
            (long, ONE + HELPER.replace("3.0", "3.1"), (".requirements/", "(helper)")),
            (".requirements/tests.txt", ONE_OF_TESTS + HELPER, ("tests.txt", "two[big]")),
        ):
            with self.subTest(name=name, text=text):
                before = (self.folder / name).read_text()
                self.write(name, text)
                status, told = self.checked(self.folder)
                self.assertEqual(status, 1)
                self.assertRegex(told, r"\A[^\n]+\.\n\Z")
                for word in words:
                    self.assertIn(word, told)
                self.write(name, before)

    def test_a_missing_one_is_said(self):
        shutil.rmtree(self.folder / ".requirements")
        status, told = self.checked(self.folder)
        self.assertEqual(
            (status, told), (1, ".requirements/production.txt is missing: run .ci/lock.py.\n")
        )


class NamedPackagesTests(unittest.TestCase):
    """What the code imports is named, and does not only happen to come along."""

    def imported(self, path: Path) -> set[str]:
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module)
        return {name.partition(".")[0] for name in found}

    def named(self, path: Path) -> set[str]:
        lines = re.findall(r"(?m)^([A-Za-z][\w.-]*)", path.read_text(encoding="utf-8"))
        return {re.sub(r"[-_.]+", "-", name).lower() for name in lines}

    def test_every_package_that_is_imported_is_named(self):
        own = {"app", "config", "run", "runp", "tests", *sys.stdlib_module_names}
        distributions = packages_distributions()
        site = self.named(basedir / "requirements.txt")
        tests = site | self.named(basedir / "app" / "tests" / "requirements.txt")
        paths = [*basedir.glob("*.py"), *(basedir / "app").rglob("*.py")]
        self.assertGreater(len(paths), 100)
        for path in paths:
            is_test = "tests" in path.relative_to(basedir).parts or path.name == "tests.py"
            named = tests if is_test else site
            for module in self.imported(path) - own:
                with self.subTest(path=path.name, module=module):
                    names = {re.sub(r"[-_.]+", "-", name).lower() for name in distributions[module]}
                    self.assertTrue(names & named, names)
