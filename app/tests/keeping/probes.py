"""What supervisors and balancers ask, who know a machine by its address."""

from app.tests.support.base import TestCase

PROBES = {"/healthz", "/readyz"}


class ProbeTests(TestCase):
    settings = {"SITE_URL": "https://blog.example.com"}

    def status(self, path: str, host: str, method: str = "GET") -> int:
        client = self.app.test_client()
        return client.open(
            path, method=method, base_url="http://x", headers={"Host": host}
        ).status_code

    def test_they_are_answered_under_any_address_of_the_machine(self):
        for host in ("10.0.0.7", "10.0.0.7:5000", "[2001:db8::7]:5000", "127.0.0.1", "localhost"):
            for path in PROBES:
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.status(path, host), 200)
                    self.assertEqual(self.status(path, host, "HEAD"), 200)

    def test_they_are_not_under_names_of_others(self):
        for host in ("evil.example", "10.0.0.7.evil.example", "0x7f.1", "a.localhost", "1"):
            for path in PROBES:
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.status(path, host), 400)

    def test_nothing_else_is_answered_under_an_address(self):
        paths = {rule.rule for rule in self.app.url_map.iter_rules() if not rule.arguments}
        self.assertGreater(len(paths), 20)
        for path in paths - PROBES - {"/metrics"} | {"/nowhere", "/healthz/", "/static/style.css"}:
            for method in ("GET", "POST"):
                with self.subTest(path, method=method):
                    self.assertEqual(self.status(path, "10.0.0.7", method), 400)
        self.assertEqual(self.status("/healthz", "10.0.0.7", "POST"), 400)
