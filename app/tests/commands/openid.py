"""`flask openid`: sweeping out what has expired, and asking whether a provider works."""

import socket

from app import db
from app.database import now, writing
from app.openid.store import DatabaseStore, Nonce
from app.tests.support.base import TestCase
from app.tests.support.openid.second_provider import Reply
from app.tests.support.openid.signing_in import SecondProviderCase


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
