"""Three machines behind nginx with the file that the site brings, and a browser in front."""

import http.client
import re
import signal
import socket
import unittest
from urllib.parse import urlsplit

from app.tests.support.base import PASSWORD
from app.tests.support.fleet.fleet import Fleet
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.processes import wait_until
from app.tests.support.programs.socket_browser import ANSWER_SECONDS
from config import MAX_THREADS

SLOW_UPLOADS = 120


class ProxiedTests(unittest.TestCase):
    slow = True

    def start(self, count: int) -> None:
        self.fleet = Fleet(self, count)
        self.nginx = self.fleet.nginx

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Return an answer as nginx sends it; no redirect is followed."""
        tls = self.nginx.tls
        connection = http.client.HTTPSConnection("localhost", self.nginx.port, context=tls)
        self.addCleanup(connection.close)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        before = len(self.logged(path))
        connection.request("GET", path, headers=names)
        answer = connection.getresponse()
        answer.body = answer.read()
        # nginx logs a request when it has answered it.
        wait_until(lambda: len(self.logged(path)) > before, ANSWER_SECONDS, "a line of the log")
        return answer

    def logged(self, path: str) -> list[str]:
        place = f" GET {path.partition('?')[0]} "
        return [line for line in self.nginx.log().splitlines() if place in line]

    def how_cached(self, path: str) -> str:
        return self.logged(path)[-1].rpartition(" ")[2]

    def test_people_use_the_site_through_it(self):
        self.start(3)
        chromium = Chromium.of_this_process()
        chromium.reset()
        # The certificate is nobody's but this test's.
        chromium.command("Security.setIgnoreCertificateErrors", ignore=True)
        self.addCleanup(chromium.command, "Security.setIgnoreCertificateErrors", ignore=False)
        chromium.open(f"{self.fleet.origin}/openid/join")
        chromium.fill(username="miguel", password=PASSWORD)
        chromium.leave(chromium.field("password").submit)
        chromium.open("/login")
        chromium.fill(openid=f"{self.fleet.origin}/id/miguel")
        chromium.leave(chromium.field("openid").submit)
        self.assertEqual(chromium.path, "/", chromium.texts("main"))
        self.assertEqual(urlsplit(chromium.url)[:2], urlsplit(self.fleet.origin)[:2])
        # Whichever machine answers knows who is signed in, and what was written.
        for number in range(4):
            chromium.open("/")
            chromium.fill(post=f"post {number}")
            chromium.press("Post")
            self.assertEqual(chromium.texts("[role=status]"), ["Your post is live."])
        chromium.open("/explore")
        self.assertEqual(len(chromium.texts("article")), 4)
        cookies = chromium.command("Network.getAllCookies")["cookies"]
        self.assertTrue(all(cookie["secure"] for cookie in cookies))
        self.assertEqual(chromium.problems(self.fleet.origin + "/"), [])

        # Nobody without a cookie is shown a page of somebody with one, and the other way round.
        session = next(c["value"] for c in cookies if c["name"] == "__Host-session")
        own = {"Cookie": f"__Host-session={session}"}
        for headers in ({}, own, {}, own):
            for path in ("/explore", "/explore.atom", "/user/miguel.atom"):
                with self.subTest(path, headers=bool(headers)):
                    answer = self.get(path, **headers)
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(
                        b"Sign out" in answer.body, path == "/explore" and headers == own
                    )
                    if headers:
                        self.assertEqual(answer.headers["Cache-Control"], "no-store")
                        self.assertEqual(self.how_cached(path), "BYPASS")
        # What sets a cookie or is not for everybody is kept for nobody.
        for path in ("/login", "/", "/edit", "/user/miguel", "/readyz"):
            self.get(path)
            self.assertEqual(self.how_cached(path), "-")
        self.get("/tag/Not-A-Tag!")
        self.get("/tag/Not-A-Tag!")
        self.assertIn(self.how_cached("/tag/Not-A-Tag!"), {"MISS", "BYPASS"})

        # Files: kept, compressed, and the same whoever asks.
        style = re.search(rb"/static/style\.css\?v=\w+", self.get("/login").body)[0].decode()
        for headers in ({}, own):
            answer = self.get(style, Accept_Encoding="gzip", **headers)
            self.assertEqual(answer.headers["Content-Encoding"], "gzip")
            self.assertIn("max-age=31536000", answer.headers["Cache-Control"])
            self.assertIsNone(self.get(style).headers["Content-Encoding"])
        self.assertEqual(self.how_cached("/static/style.css"), "HIT")

        # What a visitor says of itself counts for nothing, and secrets stay out of its log.
        forged = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Host": "evil.example"}
        self.assertEqual(self.get("/login?token=s3cr3t", **forged).status, 200)
        self.assertEqual(self.get("/metrics").status, 404)
        self.assertEqual(self.get("/login", Host="evil.example").status, 400)
        self.assertNotIn("s3cr3t", self.nginx.log() + self.nginx.log("microblog-error.log"))
        plain = http.client.HTTPConnection("127.0.0.1", self.nginx.plain_port)
        plain.request("GET", "/explore?page=1", headers={"Host": "localhost"})
        moved = plain.getresponse()
        self.assertEqual(moved.headers["Location"], "https://localhost/explore?page=1")
        plain.close()

        # A machine that is gone is passed over, also by what is written; and when all are gone,
        # visitors read on what is there.
        for machine in self.fleet.machines[:2]:
            machine.stop(signal.SIGTERM)
        for number in range(4):
            chromium.open("/")
            chromium.fill(post=f"of the last machine {number}")
            chromium.press("Post")
            self.assertEqual(chromium.texts("[role=status]"), ["Your post is live."])
        self.get("/explore")
        self.fleet.machines[2].stop(signal.SIGTERM)
        self.assertEqual(self.get("/explore").status, 200)
        self.assertEqual(self.get("/login").status, 502)

    def test_slow_uploads_keep_nobody_waiting(self):
        # They are more than the threads of one.
        self.start(1)
        self.assertGreater(SLOW_UPLOADS, 2 * MAX_THREADS)
        tls = self.nginx.tls
        # Only a request to the site's own host is read further than its head.
        head = f"POST /login HTTP/1.1\r\nHost: localhost:{self.nginx.port}\r\n".encode()
        head += b"Content-Type: application/x-www-form-urlencoded\r\n"
        head += b"Content-Length: 5000\r\n\r\nopenid="
        for number in range(SLOW_UPLOADS):
            # So many addresses, for one may have fifty connections.
            plain = socket.create_connection(
                ("127.0.0.1", self.nginx.port), source_address=(f"127.0.1.{1 + number % 9}", 0)
            )
            slow = tls.wrap_socket(plain, server_hostname="localhost")
            self.addCleanup(slow.close)
            slow.sendall(head)
        for _ in range(12):
            self.assertEqual(self.get("/healthz").body, b"ok")
            self.assertEqual(self.get("/login").status, 200)
