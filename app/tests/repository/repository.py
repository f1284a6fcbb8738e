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

    def test_everything_on_the_map_of_the_readme_is_there(self):
        readme = (basedir / "README.md").read_text()
        area = readme.partition("## Where things are")[2].split("```")[1]
        names = re.findall(r"[\w/]+(?:\.py\b|/(?!\w))", area)
        self.assertGreater(len(names), 10)
        for name in names:
            self.assertTrue((basedir / name).exists(), name)
