"""What the repository says of itself is true."""

import re
import unittest

from config import VERSION, basedir


class RepositoryTests(unittest.TestCase):
    def test_the_changelog_begins_with_this_version(self):
        text = (basedir / ".github" / "CHANGELOG.md").read_text()
        self.assertEqual(re.search(r"^## (\S+)", text, re.MULTILINE)[1], VERSION)
