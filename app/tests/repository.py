"""What the repository says of itself is true."""

import re
import unittest

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
