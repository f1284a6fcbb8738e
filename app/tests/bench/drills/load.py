"""People who read and write all the time, and what became of each request."""

import http.client
import random
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import upgrade
from app.models import Post, User
from app.tests.support.base import Browser, settings

READ = ("/", "/explore", "/explore.atom", "/user/writer0", "/search?q=post", "/login")
# Longer than anybody should have to wait.
MAX_SECONDS = 120


@dataclass
class Outcome:
    method: str
    # The status, or the name of an error of the connection.
    status: int | str
    seconds: float
    ended: float

    @property
    def has_failed(self) -> bool:
        return isinstance(self.status, str) or self.status >= 500


@dataclass
class Load:
    """`writers` members who post and `readers` who read at `origin`, each from an own address."""

    origin: str
    database_url: str
    secret_key: str
    writers: int = 8
    readers: int = 8
    tls: ssl.SSLContext | None = None
    # Whether a connection serves for many requests. nginx ends such a one when it is told anew, and
    # a browser makes another then, as this does not.
    keeps_alive: bool = True
    # Between two requests of the same, in seconds.
    pause: float = 0.05
    outcomes: list[Outcome] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def __post_init__(self):
        values = {"SECRET_KEY": self.secret_key, "SITE_URL": self.origin}
        self.app = create_app(**settings(DATABASE_URL=self.database_url, TESTING=False, **values))
        upgrade(self.app)
        self.is_over = threading.Event()
        with self.app.app_context():
            people = [
                User.of_identifier(f"https://w{n}.example.com/")
                or User.sign_up(f"https://w{n}.example.com/", f"writer{n}", None)
                for n in range(self.writers)
            ]
            # Signed in here, with the key that the site has as well.
            self.browsers = [Browser(self.app, self.origin) for _ in people]
            for browser, user in zip(self.browsers, people, strict=True):
                browser.sign_in(user)
            for browser in self.browsers:
                browser.get("/")
            db.session.remove()
        self.threads = [
            threading.Thread(target=self._write, args=(n, b)) for n, b in enumerate(self.browsers)
        ] + [threading.Thread(target=self._read, args=(n,)) for n in range(self.readers)]

    def __enter__(self) -> "Load":
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(MAX_SECONDS)

    def _connection(self, number: int) -> http.client.HTTPConnection:
        address = urlsplit(self.origin)
        options = {"timeout": MAX_SECONDS, "source_address": (f"127.0.2.{number + 1}", 0)}
        if address.scheme == "https":
            return http.client.HTTPSConnection(
                "localhost", address.port, context=self.tls, **options
            )
        return http.client.HTTPConnection("127.0.0.1", address.port, **options)

    def _ask(self, connection, method: str, path: str, body=None, **headers: str) -> int | str:
        began = time.monotonic()
        try:
            headers |= {"Referer": self.origin + "/"}
            headers |= {} if self.keeps_alive else {"Connection": "close"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            status: int | str = answer.status
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            status = type(error).__name__
        now = time.monotonic()
        self.outcomes.append(Outcome(method, status, now - began, now))
        return status

    def _write(self, number: int, browser: Browser) -> None:
        connection = self._connection(number)
        name = "__Host-session" if self.origin.startswith("https:") else "session"
        cookie = f"{name}={browser.cookie(name).value}"
        token = browser.token()
        count = 0
        while not self.is_over.is_set():
            count += 1
            body = f"post {number} {count} {random.random()}"
            form = urlencode({"csrf_token": token, "post": body})
            kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
            if self._ask(connection, "POST", "/", form, Cookie=cookie, **kind) == 302:
                self.acknowledged.append(body)
            self._ask(connection, "GET", "/", Cookie=cookie)
            time.sleep(self.pause)
        connection.close()

    def _read(self, number: int) -> None:
        connection = self._connection(self.writers + number)
        while not self.is_over.is_set():
            self._ask(connection, "GET", random.choice(READ))
            time.sleep(self.pause)
        connection.close()

    def lost(self) -> set[str]:
        """Return what was acknowledged and is not there."""
        with self.app.app_context():
            there = set(db.session.scalars(sa.select(Post.body)))
            db.session.remove()
            db.engine.dispose()
        return set(self.acknowledged) - there

    def report(self, name: str, fault_ended: float) -> str:
        """Return a line on what became of all that was asked."""
        failed = [o for o in self.outcomes if o.has_failed]
        kinds = Counter(f"{o.method} {o.status}" for o in failed)
        late = max((o.ended - fault_ended for o in failed), default=0.0)
        longest = max((o.seconds for o in self.outcomes), default=0.0)
        other = Counter(o.status for o in self.outcomes if o.status in {400, 401, 403, 429})
        told = ", ".join(f"{kind}: {n}" for kind, n in sorted(kinds.items())) or "none"
        return (
            f"{name}: {len(self.outcomes)} requests, {len(self.acknowledged)} writes acknowledged, "
            f"{len(self.lost())} of them lost; failed: {told}"
            + (f" (the last {late:+.1f} s from when it was mended)" if failed else "")
            + (f"; also {dict(other)}" if other else "")
            + f"; the longest took {longest:.1f} s"
        )
