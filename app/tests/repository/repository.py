"""What the repository says of itself is true."""

import ast
import re
import unittest
from collections.abc import Iterator
from pathlib import Path

from config import VERSION, basedir


class RepositoryTests(unittest.TestCase):
    def test_the_changelog_begins_with_this_version(self):
        text = (basedir / ".github" / "CHANGELOG.md").read_text()
        self.assertEqual(re.search(r"^## (\S+)", text, re.MULTILINE)[1], VERSION)

    def test_what_checks_a_commit_is_what_ci_installs(self):
        hooks = (basedir / ".pre-commit-config.yaml").read_text()
        pinned = (basedir / "app" / "tests" / "requirements.txt").read_text().splitlines()
        used = set(re.findall(r"\bruff==[\d.]+", hooks))
        self.assertEqual(used, {line for line in pinned if line.startswith("ruff==")})

    def test_the_map_of_the_readme_names_what_there_is(self):
        readme = (basedir / "README.md").read_text()
        area = readme.partition("## Where things are")[2].split("```")[1]
        named = {name.rstrip("/") for name in re.findall(r"[\w./]+(?:\.py\b|/(?=[\s,]))", area)}
        for name in named:
            self.assertTrue((basedir / name).exists(), name)
        rooms = {f"app/{path.parent.name}" for path in basedir.glob("app/*/__init__.py")}
        self.assertGreater(len(rooms), 10)
        self.assertEqual(rooms - named, set())

    def test_the_walks_of_contributors_lead_through_the_code(self):
        text = " ".join((basedir / ".github" / "CONTRIBUTING.md").read_text().split())
        walks = text.partition(" five walks")[2].partition(" The README")[0]
        steps = re.findall(r"`([\w/]+\.(?:py|html|xml))(?:: (\w+))?`", walks)
        self.assertGreater(len(steps), 30)
        for path, name in steps:
            with self.subTest(path, name=name):
                source = (basedir / "app" / path).read_text()
                if name:
                    self.assertRegex(source, rf"(?m)^ *(?:def|class) {name}\b")


class ImportTests(unittest.TestCase):
    """What may know of what; a stranger reads it off the imports."""

    # One owns the keys. The others know what Flask and Flask-Login keep, or whether it is empty.
    SESSION = {"web/browser_session.py", "web/headers.py", "failures/reports.py"}
    SESSION |= {"failures/redaction.py"}

    def test_the_session_has_one_owner(self):
        found = set()
        for path in modules():
            if ("flask", "session") in set(imports(path)):
                found.add(path.relative_to(basedir / "app").as_posix())
        self.assertEqual(found, self.SESSION)

    def test_what_every_request_passes_knows_no_page_and_no_provider(self):
        for path in modules("web"):
            for module, _ in imports(path):
                with self.subTest(path.name, module=module):
                    self.assertIsNone(re.match(r"app\.(views|provider|openid)\b", module))


def modules(room: str = "") -> list[Path]:
    """Return the paths of a room's modules, of all rooms by default, without the tests."""
    found = [
        path
        for path in (basedir / "app" / room).rglob("*.py")
        if not path.is_relative_to(basedir / "app" / "tests")
    ]
    assert found, room
    return found


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each name that a module imports, with where from; `import x` has no name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield str(node.module), name.name
                # What is imported from a package may be a module of it.
                yield f"{node.module}.{name.name}", ""
        elif isinstance(node, ast.Import):
            yield from ((name.name, "") for name in node.names)
