"""The commands of whoever runs the site."""

import os
import re
import subprocess
import sys

from app import create_app, db
from app.database.upgrade import upgrade
from app.tests.support.base import TestCase, settings
from app.tests.support.programs.processes import (
    START_SECONDS,
    temporary_folder,
)
from config import basedir

MAY = ["join", "make an account of this site, which is an OpenID", "read"]


class SafetyCheckTests(TestCase):
    SAFE = {
        "SITE_URL": "https://blog.example.com",
        "PROXY_COUNT": "1",
        "ADMINS": "admin@example.com",
        "MAIL_SERVER": "mail.example.com",
        "MAIL_SECURITY": "tls",
        "RATELIMIT_ENABLED": "on",
        "WORKERS": "1",
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    }

    def check(self, **changes):
        result = self.run_command("check", app=self.make_app(**self.SAFE | changes))
        # Who may do what stands first, whatever is set.
        self.assertEqual(re.findall("^Can (.*?):", result.stdout, re.MULTILINE), MAY)
        return result.exit_code, "".join(result.stdout.splitlines(keepends=True)[len(MAY) :])

    def test_safe_settings_pass_without_a_word(self):
        self.assertEqual(self.check(), (0, ""))

    def test_each_unsafe_one_has_a_line(self):
        # With more workers than one, each counts in a memory of its own.
        self.assertIn("RATELIMIT_STORAGE_URI is memory://", self.check(WORKERS="2")[1])
        for name, value in {
            "SITE_URL": "http://blog.example.com",
            "PROXY_COUNT": "0",
            "ADMINS": "",
            "MAIL_SERVER": "",
            "MAIL_SECURITY": "none",
            "RATELIMIT_ENABLED": "off",
            "SECRET_KEY": "0123456789abcdef!",
            "OPENID_TRUSTED_ORIGINS": "http://127.0.0.1:8901",
        }.items():
            with self.subTest(name):
                status, output = self.check(**{name: value})
                self.assertEqual(status, 1)
                self.assertTrue(any(line.startswith(name) for line in output.splitlines()), output)

    def test_what_the_proxy_has_to_do_is_said_while_there_is_none(self):
        for url in ("https://blog.example.com", "http://blog.example.com"):
            with self.subTest(url):
                output = self.check(SITE_URL=url, PROXY_COUNT="0")[1]
                self.assertIn("reads each request whole before it passes it on", output)
                self.assertNotIn("each request", self.check(SITE_URL=url)[1])

    def test_flask_finds_the_application_by_itself(self):
        environment = {name: str(value) for name, value in settings().items() if name != "TESTING"}
        found = subprocess.run(
            [sys.executable, "-m", "flask", "check"],
            cwd=basedir,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        self.assertEqual(found.returncode, 1)
        self.assertIn("SITE_URL is not set", found.stdout)
        self.assertEqual(found.stderr, "")


class SharedFilesCheckTests(TestCase):
    """`flask check` names what others may read."""

    def test_each_has_a_line(self):
        folder = temporary_folder(self)
        url = f"sqlite:///{folder / 'app.db'}"
        app = create_app(**settings(**SafetyCheckTests.SAFE, DATABASE_URL=url))
        upgrade(app)
        with app.app_context():
            db.engine.dispose()
        backup = folder / "backup.db"
        backup.touch(0o600)
        told = self.run_command("check", app=app).stdout
        self.assertNotIn("open to other accounts", told)
        for name, mode in (("app.db", 0o640), ("app.db.lock", 0o602), ("backup.db", 0o604)):
            with self.subTest(name):
                folder.joinpath(name).chmod(mode)
                result = self.run_command("check", app=app)
                self.assertEqual(
                    (result.exit_code, result.stdout),
                    (1, f"{told}{folder / name} is open to other accounts: chmod 600 it.\n"),
                )
                folder.joinpath(name).chmod(0o600)
