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

    def test_everything_on_the_map_of_the_readme_is_there(self):
        readme = (basedir / "README.md").read_text()
        area = readme.partition("## Where things are")[2].split("```")[1]
        names = re.findall(r"[\w/]+(?:\.py\b|/(?!\w))", area)
        self.assertGreater(len(names), 10)
        for name in names:
            self.assertTrue((basedir / name).exists(), name)


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
