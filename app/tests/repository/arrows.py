"""Which room may know of which: imports point down, and nothing goes round in a circle."""

import ast
import unittest
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from config import basedir

APP = basedir / "app"
# Each knows those before it alone; the rooms above them know one another by what they do.
FOUNDATIONS = ("extensions", "shutdown", "mail", "failures", "database", "models", "queries")
FOUNDATIONS += ("rendering",)
MAX_LINES = 300
MAX_MODULES = 10


def modules() -> dict[str, Path]:
    """Return the modules of the site by name, without tests and migrations."""
    paths = [path.relative_to(basedir) for path in APP.rglob("*.py")]
    return {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): basedir / path
        for path in paths
        if path.parts[1] not in ("tests", "migrations")
    }


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.FunctionDef) and node.name in ("create_app", "init_app")):
            yield node
            yield from walk(node)


def imports() -> dict[str, set[str]]:
    """Return which modules of the site each imports, inside functions and for types as well.

    What puts an application together knows everything, and is left out.
    """
    known = modules()
    found = {name: set() for name in known}
    for name, path in known.items():
        for node in walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                for imported in node.names:
                    inner = f"{node.module}.{imported.name}"
                    found[name].add(inner if inner in known else node.module)
            elif isinstance(node, ast.Import):
                found[name] |= {imported.name for imported in node.names}
        found[name] &= set(known)
    return found


class ArrowTests(unittest.TestCase):
    def test_foundations_know_those_below_them_alone(self):
        for name, imported in imports().items():
            room = name.split(".")[1] if "." in name else ""
            if room not in FOUNDATIONS:
                continue
            below = FOUNDATIONS[: FOUNDATIONS.index(room) + 1]
            with self.subTest(name):
                above = {m for m in imported if m == "app" or m.split(".")[1] not in below}
                self.assertEqual(above, set())

    def test_no_module_knows_itself_by_way_of_others(self):
        arrows = imports()
        self.assertGreater(sum(map(len, arrows.values())), 200)
        # It tells of the circle, if there is one.
        TopologicalSorter(arrows).prepare()


class SizeTests(unittest.TestCase):
    """What a reader can hold in mind; the steps of the migrations only ever grow in number."""

    def test_no_module_is_long(self):
        paths = [*APP.rglob("*.py"), *basedir.glob("*.py")]
        self.assertGreater(len(paths), 300)
        long = {str(p) for p in paths if len(p.read_text().splitlines()) > MAX_LINES}
        self.assertEqual(long, set())

    def test_no_package_holds_many_modules(self):
        packages = [path.parent for path in APP.rglob("__init__.py")]
        self.assertGreater(len(packages), 40)
        full = {
            package.relative_to(APP).as_posix()
            for package in packages
            if len({*package.glob("*.py")} - {package / "__init__.py"}) > MAX_MODULES
        }
        self.assertEqual(full, set())
