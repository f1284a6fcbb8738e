"""The files of .github/deploy fit the site, and the programs that read them."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

from app.tests.support.programs.processes import require, temporary_folder
from config import basedir

DEPLOY = basedir / ".github" / "deploy"
# Of the images of others, of Python's own, and what nobody but compose.yaml asks for.
NOT_OURS = {"PYTHONDONTWRITEBYTECODE", "DATABASE_PASSWORD"}


class DeploymentTests(unittest.TestCase):
    def test_systemd_takes_the_units(self):
        require("systemd-analyze", packages="systemd")
        folder = temporary_folder(self)
        units = sorted(
            path.name for path in DEPLOY.glob("*.*") if path.suffix in {".service", ".timer"}
        )
        self.assertEqual(len(units), 5)
        for name in units:
            text = (DEPLOY / name).read_text()
            if name.endswith(".service"):
                self.assertIn("/opt/microblog/venv/bin/python ", text)
            program = "/opt/microblog/venv/bin/python"
            (folder / name).write_text(text.replace(program, sys.executable))
        done = subprocess.run(
            ["systemd-analyze", "verify", *units], cwd=folder, capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_with_and_without_systemd_the_same_commands_run(self):
        table = (basedir / "README.md").read_text().partition("| command (")[2]

        def commands(*paths: Path) -> set[str]:
            text = "".join(path.read_text() for path in paths)
            run = r"-m flask (?:--app \S+ )?([a-z]+(?: [a-z]+)*)"
            return set(re.findall(run, text))

        run = commands(*DEPLOY.glob("*.service"))
        self.assertEqual(run, {"backup", "notifications send"})
        self.assertEqual(commands(DEPLOY / "crontab"), run)
        for command in run:
            self.assertRegex(table, rf"(?m)^\| `{command}\b")

    def test_they_name_settings_that_there_are(self):
        table = (basedir / "README.md").read_text().partition("| setting |")[2]
        known = set(re.findall(r"`([A-Z_]+)`", table.partition("\n\n")[0]))
        self.assertGreater(len(known), 20)
        for name in ("microblog.service", "microblog.nginx", "Caddyfile", "Containerfile"):
            text = (DEPLOY / name).read_text()
            named = set(re.findall(r"\b([A-Z]{2,}_?[A-Z_]*)=", text))
            with self.subTest(name):
                self.assertGreater(len(named), 1)
                self.assertEqual(named - known - NOT_OURS, set())
        area = (DEPLOY / "compose.yaml").read_text().partition("environment:")[2]
        named = set(re.findall(r"(?m)^ +([A-Z_]+):", area.partition("# Longer")[0]))
        self.assertGreater(len(named), 3)
        self.assertEqual(named - known, set())

    def test_the_image_is_made_of_what_there_is(self):
        text = (DEPLOY / "Containerfile").read_text()
        copied = [line.split()[1:-1] for line in re.findall(r"(?m)^COPY .*", text)]
        self.assertGreater(len(copied), 2)
        for name in sum(copied, []):
            self.assertTrue((basedir / name).exists(), name)
