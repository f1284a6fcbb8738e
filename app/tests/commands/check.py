"""The commands of whoever runs the site."""

import os
import re
import subprocess
import sys
import unittest
from unittest import mock

import flask_migrate

from app import create_app, db
from app.database.upgrade import upgrade
from app.tests.support.base import TestCase, settings
from app.tests.support.programs.mail import mail_server
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    free_port,
    fresh_database,
    redis_server,
    temporary_folder,
)
from config import basedir

MAY = ["join", "make an account of this site, which is an OpenID", "read"]


class CheckCase(TestCase):
    SAFE = {
        "SITE_URL": "https://blog.example.com",
        "PROXY_COUNT": "1",
        "ADMINS": "admin@example.com",
        "MAIL_SERVER": "127.0.0.1",
        "RATELIMIT_ENABLED": "on",
        "WORKERS": "1",
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.safe = {**cls.SAFE, "MAIL_PORT": str(mail_server(cls).port)}


class SafetyCheckTests(CheckCase):
    def check(self, **changes):
        result = self.run_command("check", app=self.make_app(**self.safe | changes))
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
            "RATELIMIT_ENABLED": "off",
            "SECRET_KEY": "0123456789abcdef!",
            "OPENID_TRUSTED_ORIGINS": "http://127.0.0.1:8901",
        }.items():
            with self.subTest(name):
                status, output = self.check(**{name: value})
                self.assertEqual(status, 1)
                self.assertTrue(any(line.startswith(name) for line in output.splitlines()), output)

    def test_a_mail_server_elsewhere_needs_encryption(self):
        status, output = self.check(MAIL_SERVER="mail.invalid")
        self.assertIn("MAIL_SECURITY is none", output)
        self.assertIn("MAIL_SERVER: mail.invalid:", output)

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


class SharedFilesCheckTests(CheckCase):
    """`flask check` names what others may read."""

    def test_each_has_a_line(self):
        folder = temporary_folder(self)
        url = f"sqlite:///{folder / 'app.db'}"
        app = create_app(**settings(**self.safe, DATABASE_URL=url))
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


class WorkingCheckTests(CheckCase):
    """`flask check` asks what the settings name."""

    def check(self, app=None, **changes) -> str:
        app = app or self.own(**changes)
        result = self.run_command("check", app=app)
        self.assertEqual(result.exit_code, 1 if len(result.stdout.splitlines()) > 3 else 0)
        return "\n".join(result.stdout.splitlines()[len(MAY) :])

    def own(self, **changes):
        url = changes.pop("DATABASE_URL", None) or fresh_database(self)
        app = create_app(**settings(**self.safe | {"DATABASE_URL": url} | changes))

        def close() -> None:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()

        self.addCleanup(close)
        return app

    def test_redis_is_asked(self):
        redis, address = redis_server(self)
        self.assertEqual(self.check(self.started(RATELIMIT_STORAGE_URI=address)), "")
        redis.kill()
        said = self.check(RATELIMIT_STORAGE_URI=address.replace("//", "//:hidden@"))
        self.assertIn("RATELIMIT_STORAGE_URI: Redis does not answer", said)
        self.assertNotIn("hidden", said)

    def test_the_mail_server_is_asked_and_gets_no_letter(self):
        box = mail_server(self)
        app = self.started(MAIL_PORT=str(box.port))
        self.assertEqual(self.check(app), "")
        self.assertEqual(box.taken(), [])
        self.assertIn("takes no mail from here", self.check(MAIL_PORT=str(free_port())))
        self.assertIn("MAIL_SERVER: ", self.check(MAIL_PORT=str(box.port), MAIL_SECURITY="tls"))

    def test_the_database_is_asked(self):
        app = self.started()
        self.assertEqual(self.check(app), "")
        with app.app_context():
            flask_migrate.downgrade(revision="0002")
        self.assertIn("stands at migration 0002", self.check(app))
        upgrade(app)
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE tag")
        self.assertIn("lacks a table", self.check(app))
        url = "postgresql://nobody:hidden@127.0.0.1:1/nothing"
        said = self.check(DATABASE_URL=url)
        self.assertIn("The database cannot be used: ", said)
        self.assertNotIn("hidden", said)

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_a_broken_file_is_told_and_none_is_made(self):
        path = temporary_folder(self) / "app.db"
        self.assertEqual(self.check(DATABASE_URL=f"sqlite:///{path}"), "")
        self.assertEqual(list(path.parent.iterdir()), [])
        app = self.started(DATABASE_URL=f"sqlite:///{path}")
        with app.app_context():
            db.engine.dispose()
        whole = path.read_bytes()
        path.write_bytes(whole[: 4096 * 4] + b"\xee" * 4096 * 4 + whole[4096 * 8 :])
        self.assertIn("The database is broken: ", self.check(app))

    def started(self, **changes):
        app = self.own(**changes)
        upgrade(app)
        return app

    def test_a_key_of_one_machine_is_told_where_there_may_be_several(self):
        told = "SECRET_KEY is kept on this machine alone"
        several = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "RATELIMIT_STORAGE_URI": "redis://127.0.0.1:1",
        }
        self.assertNotIn(told, self.check(**several))
        folder = temporary_folder(self)
        with (
            mock.patch("app.web.keys.secret_key.basedir", folder),
            mock.patch("app.cli.check.basedir", folder),
        ):
            self.assertIn(told, self.check(**several, SECRET_KEY=""))
            self.assertNotIn(told, self.check(SECRET_KEY=""))
