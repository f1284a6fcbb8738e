"""Programs in Ruby and Perl that speak OpenID, and a visitor who goes there and back."""

import contextlib
import subprocess
import urllib.request
from urllib.parse import parse_qsl, urljoin

from app.tests.support.programs.processes import (
    Process,
    SocketBrowser,
    copy_of_the_site,
    free_port,
    fresh_database,
    missing,
    site_server,
)
from config import basedir

PEERS = basedir / "app" / "tests" / "support" / "openid" / "peers"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Visitor(SocketBrowser):
    """A browser on its way through several sites; `visited` holds every address on it.

    It takes two ports for two sites, as two domains would be: a form posted from one to
    the other carries no SameSite=Lax cookie, but what the answer sets is kept.
    """

    def __init__(self, origin: str):
        super().__init__(origin)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.jar),
            _NoRedirects,
        )

    def _open(self, method: str, url: str, follow: bool = True, data=None, headers=None):
        for _ in range(10):
            url = urljoin(self.url, url)
            if method == "POST" and not url.startswith(self.origin + "/"):
                # The jar leaves a header alone that is there already.
                headers = {**(headers or {}), "Cookie": ""}
            super()._open(method, url, data=data, headers=headers)
            # Forms are sent in the name of the site whose page is open.
            self.origin = urljoin(url, "/").removesuffix("/")
            if self.status not in {301, 302, 303}:
                return self.response
            method, url, data, headers = "GET", self.response.headers["Location"], None, None
        raise AssertionError("too many redirects: " + " → ".join(self.visited[-10:]))

    def let_pages_post_themselves(self) -> "Visitor":
        """Do what their scripts would do."""
        for _ in range(3):
            if not any("openid.mode" in form.names for form in self.page.forms[:1]):
                break
            self.submit()
        return self

    def queries(self, address: str) -> list[dict[str, str]]:
        """Return the query of each visit to `address`."""
        parts = [visit.partition(" ")[2].partition("?") for visit in self.visited]
        return [dict(parse_qsl(query)) for page, _, query in parts if page == address]


class ForeignPeer:
    """What the classes below share: the site and one foreign program that it may fetch from."""

    slow = True
    # How it is started, what shows whether it can be, and the packages that make it so.
    command: tuple[str, ...]
    probe: tuple[str, ...]
    packages: str

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.require_libraries()
        port = free_port()
        interpreter, program, *options = cls.command
        cls.peer = f"http://127.0.0.1:{port}"
        # Ruby's web server fails over the name of a folder that is not in the locale's letters.
        process = Process(cls, interpreter, PEERS / program, str(port), *options, LC_ALL="C.UTF-8")
        cls.database = fresh_database(cls)
        cls.site = site_server(
            cls,
            copy_of_the_site(cls),
            "runp.py",
            DATABASE_URL=cls.database,
            OPENID_TRUSTED_ORIGINS=cls.peer,
            RATELIMIT_ENABLED="off",
        )
        process.wait_for_output("ready")
        cls.site.wait()

    @classmethod
    def require_libraries(cls) -> None:
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run(cls.probe, capture_output=True).returncode == 0:
                return
        missing(f"This needs the Debian packages {cls.packages}.")
