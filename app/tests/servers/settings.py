"""Settings: what they are by default, and which ones stop the start, in one sentence."""

import os
import sys
import unittest
from unittest import mock

from sqlalchemy.engine import make_url

import config
from app import create_app
from app.database.upgrade import upgrade
from app.tests.support.base import TestCase, settings
from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    copy_of_the_site,
    free_port,
    temporary_folder,
)
from config import SettingError, read_settings

GOOD_KEY = "a key for tests, 0123456789"
HTTPS_SITE = "https://blog.example.com"

# Each refused by read_settings, with what else has to be set for it to matter.
BAD = [
    ("PORT", "abc"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "-80"),
    ("PORT", "80.0"),
    ("PORT", "²"),
    ("PORT", "9" * 5000),
    ("DATABASE_CONNECTIONS", "1"),
    ("DATABASE_CONNECTIONS", "many"),
    ("WORKERS", "-1"),
    ("WORKERS", "0"),
    ("WORKERS", "many"),
    ("SITE_NAME", "x" * 41),
    ("SITE_NAME", "Tea\nBcc: you@example.com"),
    ("SITE_NAME", "\u202eaeT"),
    ("SITE_ABOUT", "x" * 201),
    ("SITE_ABOUT", "Tea,\nand more of it."),
    ("CONTACT", "nobody"),
    ("CONTACT", "https://example.com/\nExpires: never"),
    ("CONTACT", "me@example.com\nExpires: never"),
    ("AI_CRAWLERS", "some"),
    ("PROXY_COUNT", "x"),
    ("PROXY_COUNT", "-1"),
    ("SITE_URL", "ftp://x"),
    ("SITE_URL", "blog.example.com"),
    ("SITE_URL", "https://"),
    ("SITE_URL", "https://blog.example.com/path"),
    ("SITE_URL", "https://blog.example.com?query"),
    ("SITE_URL", "https://blog.example.com#fragment"),
    ("SITE_URL", "https://me:secret@blog.example.com"),
    ("SITE_URL", "https://blog.example.com\nX-Header: forged"),
    ("SITE_URL", "https://blog\n.example.com"),
    ("SITE_URL", "https://blog .example.com"),
    ("SITE_URL", "https://blog.example.com\\evil"),
    ("SITE_URL", "https://[::1"),
    ("SITE_URL", "https://blog.example.com:port"),
    ("SITE_URL", "https://blog.example.com:99999"),
    ("SITE_URL", "https://bücher.example.com"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "mysql://root@localhost/blog"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///file:blog?mode=memory&uri=true"),
    ("DATABASE_URL", "sqlite+pysqlcipher:///blog.db"),
    ("DATABASE_URL", "postgresql://"),
    ("DATABASE_URL", "postgresql://localhost:port/blog"),
    ("MAIL_SECURITY", "ssl"),
    ("MAIL_PORT", "smtp"),
    ("MAIL_FROM", "nobody"),
    ("ADMINS", "nobody"),
    ("ADMINS", "me@example.com, nobody"),
    ("ADMINS", "me@example.com\nBcc: you@example.com"),
    ("JOIN", "perhaps"),
    ("PROVIDER", "maybe"),
    ("OPENID_TRUSTED_ORIGINS", "foo"),
    ("OPENID_TRUSTED_ORIGINS", "http://127.0.0.1:8901, http://127.0.0.1:8902/path"),
    ("RATELIMIT_ENABLED", "perhaps"),
    ("GRAVATAR", "2"),
    ("METRICS", "on"),
    ("METRICS", "10.0.0.5, everybody"),
    ("METRICS", "10.0.0.5/24"),
    ("REQUEST_LOG", "queries"),
]
BAD_KEYS = ("short", "you-will-never-guess", "Hard To Guess String", "a" * 32)


class SentenceCase(TestCase):
    """Knows what a refusal has to read like."""

    def assert_sentence(self, name: str, text: str) -> None:
        self.assertTrue(text.startswith(name), text)
        self.assertRegex(text, r"\A[^\n]+\.\Z")

    def assert_refused(self, name: str, action) -> None:
        with self.assertRaises(SettingError) as caught:
            action()
        self.assert_sentence(name, str(caught.exception))


class BadSettingTests(SentenceCase):
    def test_each_is_refused_in_one_sentence_that_names_it(self):
        for name, value in BAD:
            with self.subTest(setting=f"{name}={value[:60]}"):
                values = {"SECRET_KEY": GOOD_KEY, name: value}
                self.assert_refused(name, lambda values=values: read_settings(values))

    def test_a_key_that_others_may_know_is_refused(self):
        for key in BAD_KEYS:
            with self.subTest(key=key):
                self.assert_refused(
                    "SECRET_KEY", lambda key=key: create_app(**settings(SECRET_KEY=key))
                )

    def test_the_secrets_of_a_bad_setting_are_not_repeated(self):
        for name, value in (
            ("SECRET_KEY", "Tr0ub4d"),
            ("DATABASE_URL", "mysql://me:Tr0ub4d@localhost/blog"),
        ):
            with self.subTest(setting=name), self.assertRaises(SettingError) as caught:
                create_app(**settings(**{name: value}))
            self.assertNotIn("Tr0ub4d", str(caught.exception))

    def test_a_host_that_is_not_loopback_needs_a_site_url(self):
        for host in ("0.0.0.0", "::", "192.0.2.7", "blog.example.com"):
            with self.subTest(host=host):
                values = {"SECRET_KEY": GOOD_KEY, "HOST": host}
                self.assert_refused("SITE_URL", lambda values=values: read_settings(values))
                read_settings({**values, "SITE_URL": HTTPS_SITE})

    def test_what_only_the_application_can_find_out_is_refused_the_same_way(self):
        missing = temporary_folder(self) / "missing"
        for name, value in (
            ("RATELIMIT_STORAGE_URI", "nonsense://"),
            ("ABOUT_FILE", str(missing)),
            ("ABOUT_FILE", str(missing.parent)),
            ("LOG_FILE", str(missing / "microblog.log")),
            ("LOG_FILE", str(missing.parent)),
        ):
            with self.subTest(setting=f"{name}={value}"):
                changes = settings(RATELIMIT_ENABLED="on", **{name: value})
                self.assert_refused(name, lambda changes=changes: create_app(**changes))

    def test_a_database_that_cannot_be_opened_is_refused(self):
        folder = temporary_folder(self) / "databases"
        folder.mkdir()
        folder.joinpath("file").write_text("This is not a database, and no folder either.\n" * 9)
        for url in (
            f"sqlite:///{folder / 'missing' / 'blog.db'}",
            f"sqlite:///{folder / 'file' / 'blog.db'}",
            f"sqlite:///{folder}",
            f"sqlite:///{folder / 'file'}",
            f"postgresql+psycopg://nobody:Tr0ub4d@127.0.0.1:{free_port()}/blog",
        ):
            with self.subTest(url=url):
                app = create_app(**settings(DATABASE_URL=url))
                with self.assertRaises(SettingError) as caught:
                    upgrade(app)
                self.assert_sentence("DATABASE_URL", str(caught.exception))
                self.assertNotIn("Tr0ub4d", str(caught.exception))
        self.assertIn("not a database", folder.joinpath("file").read_text())


class RefusedStartTests(SentenceCase):
    """What whoever starts the server gets to see."""

    slow = True

    def test_the_sentence_is_all_there_is_and_the_exit_status_is_not_zero(self):
        folder = copy_of_the_site(self)
        runs = []
        for script, name, value in (
            ("runp.py", "PORT", "abc"),
            ("run.py", "SITE_URL", "ftp://x"),
            ("runp.py", "DATABASE_URL", f"sqlite:///{folder / 'config.py' / 'blog.db'}"),
        ):
            process = Process(self, sys.executable, folder / script, **{name: value})
            runs.append((script, name, process))
        for script, name, process in runs:
            with self.subTest(script=script, setting=name):
                self.assert_stopped(name, process)
        # The production server's log has the sentence as well, each once and as it is.
        log = (folder / "tmp" / "microblog.log").read_text()
        for name, count in (("PORT must be a whole number", 1), ("DATABASE_URL", 1), ("", 2)):
            self.assertEqual(log.count(f"the start failed: {name}"), count, log)
        self.assertNotIn("Traceback", log)

    def test_an_unwritable_tmp_is_refused(self):
        # A file in place of the folder, because permissions do not bind root.
        folder = copy_of_the_site(self)
        folder.joinpath("tmp").rmdir()
        folder.joinpath("tmp").write_text("in the way\n")
        without = Process(self, sys.executable, folder / "runp.py")
        with_key = Process(self, sys.executable, folder / "runp.py", SECRET_KEY=GOOD_KEY)
        self.assert_stopped("SECRET_KEY", without)
        self.assert_stopped("LOG_FILE", with_key)

    def assert_stopped(self, name: str, process: Process) -> None:
        self.assertNotIn(process.process.wait(START_SECONDS), {0, None})
        self.assert_sentence(name, process.output.removesuffix("\n"))


class DefaultTests(unittest.TestCase):
    def test_they_are_those_of_the_readme(self):
        values = read_settings({"SECRET_KEY": GOOD_KEY})
        expected = {
            "HOST": "127.0.0.1",
            "PORT": 5000,
            "WORKERS": 2,
            "DATABASE_CONNECTIONS": 48,
            "SITE_URL": "http://127.0.0.1:5000",
            "SITE_NAME": "microblog",
            "SITE_ABOUT": "",
            "ABOUT_FILE": "",
            "CONTACT": "",
            "AI_CRAWLERS": False,
            "PROXY_COUNT": 0,
            "ADMINS": [],
            "MAIL_SERVER": "",
            "MAIL_PORT": 25,
            "MAIL_USERNAME": "",
            "MAIL_PASSWORD": "",
            "MAIL_SECURITY": "none",
            "MAIL_FROM": "no-reply@127.0.0.1",
            "LOG_FILE": str(config.basedir / "tmp" / "microblog.log"),
            "JOIN": "open",
            "PROVIDER": "open",
            "OPENID_TRUSTED_ORIGINS": (),
            "RATELIMIT_ENABLED": True,
            "RATELIMIT_STORAGE_URI": "memory://",
            "GRAVATAR": True,
        }
        self.assertEqual({name: values[name] for name in expected}, expected)
        self.assertEqual(self.database(values), str(config.basedir / "app.db"))

    def test_a_process_has_as_many_connections_as_it_is_told(self):
        for given, most in (({}, config.MAX_THREADS), ({"DATABASE_CONNECTIONS": "7"}, 7)):
            values = read_settings({"SECRET_KEY": GOOD_KEY, **given})
            pool = values["SQLALCHEMY_ENGINE_OPTIONS"]
            self.assertEqual((pool["pool_size"], pool["max_overflow"]), (most, 0))

    def database(self, values: dict) -> str:
        # The URL quotes what the name of a folder may well hold.
        return make_url(values["SQLALCHEMY_DATABASE_URI"]).database

    def test_an_empty_value_is_as_good_as_none(self):
        empty = dict.fromkeys(
            "HOST PORT WORKERS SITE_URL PROXY_COUNT ADMINS DATABASE_URL LOG_FILE".split(),
            "",
        )
        plain = read_settings({"SECRET_KEY": GOOD_KEY})
        self.assertEqual(read_settings({"SECRET_KEY": GOOD_KEY, **empty}), plain)

    def test_they_come_from_the_environment(self):
        with mock.patch.dict(os.environ, PORT="8123", SECRET_KEY=GOOD_KEY, SITE_URL=""):
            self.assertEqual(read_settings()["PORT"], 8123)

    def test_a_relative_sqlite_path_begins_beside_config_py(self):
        values = read_settings({"SECRET_KEY": GOOD_KEY, "DATABASE_URL": "sqlite:///blog.db"})
        self.assertEqual(self.database(values), str(config.basedir / "blog.db"))
