"""The commands of whoever runs the site."""

import os
import socket
import subprocess
import sys

from app import db
from app.database import now, writing
from app.models import Identity, Post, SignIn, User
from app.openid.store import DatabaseStore, Nonce
from app.tests.support.base import PASSWORD, JoinMixin, PeopleTestCase, TestCase, settings
from app.tests.support.openid.second_provider import Reply, SecondProviderCase
from app.tests.support.programs.processes import START_SECONDS
from config import basedir


class BroomTests(JoinMixin, PeopleTestCase):
    def test_a_user_is_removed_with_all_that_is_theirs(self):
        self.post(self.john, "of john")
        self.browser(self.john)
        result = self.run_command("user", "remove", "JOHN")
        self.assertEqual((result.exit_code, result.stdout), (0, "Removed JOHN.\n"))
        for model, left in ((User, 1), (Post, 0), (Identity, 1), (SignIn, 0)):
            self.assertEqual(self.count(model), left, model)

    def test_a_post_is_removed(self):
        post, other = self.post(self.john, "one"), self.post(self.john, "two")
        result = self.run_command("post", "remove", str(post.id))
        self.assertEqual(result.stdout, f"Removed post {post.id}.\n")
        self.assertEqual(self.count(Post), 1)
        self.assertEqual(other.body, "two")

    def test_what_is_not_there_is_said(self):
        for arguments in (
            ("user", "remove", "nobody"),
            ("user", "remove", "a\x00b"),
            ("post", "remove", "12345"),
            ("account", "reset", "nobody"),
        ):
            with self.subTest(arguments):
                result = self.run_command(*arguments)
                self.assertEqual(result.exit_code, 1)
                self.assertIn("Error: There is no ", result.output)

    def test_an_account_gets_a_new_password_and_is_signed_out(self):
        browser = self.join("miguel")
        result = self.run_command("account", "reset", "miguel")
        password = result.stdout.split(" is ")[1].split("\n")[0]
        browser.get("/openid")
        self.assertIn("Sign in to your account", browser.page.links)
        for given, status in ((PASSWORD, 400), (password, 200)):
            stranger = self.browser()
            stranger.get("/openid/sign-in")
            stranger.submit(username="miguel", password=given)
            self.assertEqual(stranger.status, status)


class OpenIDCommandTests(TestCase):
    def test_what_has_expired_is_swept_out(self):
        db.session.add(Nonce(key="old", timestamp=int(now().timestamp()) - 10**6))
        db.session.commit()
        self.assertTrue(DatabaseStore().useNonce("https://op.example/", now().timestamp(), "x"))
        result = self.run_command("openid", "cleanup")
        self.assertEqual((result.exit_code, result.stdout), (0, "Removed 0 nonces.\n"))
        self.assertEqual(self.count(Nonce), 1)
        with writing() as session:
            session.add(Nonce(key="old", timestamp=int(now().timestamp()) - 10**6))
        result = self.run_command("openid", "cleanup")
        self.assertEqual((result.exit_code, result.stdout), (0, "Removed 1 nonces.\n"))
        self.assertEqual(self.count(Nonce), 1)

    def test_a_dead_provider_is_told_from_a_living_one(self):
        result = self.run_command("openid", "check", "http://127.0.0.1:5000/openid")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("alive, http://127.0.0.1:5000/openid", result.output)
        self.assertIn("http://specs.openid.net/auth/2.0/server", result.output)
        result = self.run_command("openid", "check", "http://127.0.0.1:5000/logout")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("answers, but is no OpenID", result.output)
        result = self.run_command("openid", "check", "http://127.0.0.1:1/")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("no answer", result.output)

    def test_what_can_be_no_address_is_refused_in_a_sentence(self):
        for url in (
            "http://[",
            "=name",
            "@name",
            "xri://=name",
            "http://",
            "://",
            "http://a\n",
        ):
            with self.subTest(url):
                result = self.run_command("openid", "check", url)
                self.assertEqual(result.exit_code, 1)
                self.assertIsInstance(result.exception, SystemExit)
                self.assertEqual(len(result.output.splitlines()), 1, result.output)


class EndpointCheckTests(SecondProviderCase):
    def test_a_provider_whose_endpoint_is_dead_is_not_alive(self):
        origin = self.provider.origin
        result = self.run_command("openid", "check", origin + "/id/susan")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn(f"/id/susan: alive, {self.provider.endpoint} (", result.output)
        for path, reply in {
            "/gone": Reply("gone", status=410),
            "/broken": Reply("broken", status=500),
            "/moved": Reply("", {"Location": self.provider.endpoint}, 302),
            "/nowhere": None,
        }.items():
            with self.subTest(path):
                page = f'<link rel="openid2.provider" href="{origin}{path}">'
                self.provider.pages["/someone"] = Reply(f"<html><head>{page}</head></html>")
                if reply:
                    self.provider.pages[path] = reply
                result = self.run_command("openid", "check", origin + "/someone")
                self.assertEqual(result.exit_code, 1)
                self.assertIn("/someone: not alive, ", result.output)
                self.assertEqual(self.provider.requests[-1].path, path)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            page = f'<link rel="openid.server" href="http://127.0.0.1:{nobody.getsockname()[1]}/">'
            self.provider.pages["/someone"] = Reply(f"<html><head>{page}</head></html>")
            result = self.run_command("openid", "check", origin + "/someone")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("/someone: not alive, ", result.output)


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
        return result.exit_code, result.stdout

    def test_safe_settings_pass_without_a_word(self):
        self.assertEqual(self.check(), (0, ""))

    def test_each_unsafe_one_has_a_line(self):
        # With more workers than one, each counts in a memory of its own.
        self.assertIn("RATELIMIT_STORAGE_URI is memory://", self.check(WORKERS="2")[1])
        for name, value in {
            "SITE_URL": "http://blog.example.com",
            "PROXY_COUNT": "0",
            "ADMINS": "",
            "MAIL_SERVER": "localhost",
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
