"""What the tests stand on: a database of their own, people, and a browser of sorts."""

import atexit
import functools
import os
import shutil
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask

from app import create_app, db, failures
from app.database import now, upgrade
from app.extensions import limiter
from app.models import Identity, Post, SignIn, User

# Whatever the cluster was made with, the site needs UTF-8.
NEW_DATABASE = """CREATE DATABASE "{}" ENCODING 'UTF8' TEMPLATE template0"""
SITE = "http://127.0.0.1:5000"
PASSWORD = "correct horse battery"

_apps: dict[str, Flask] = {}
_server_url = os.environ.get("TEST_DATABASE_URL")


@functools.cache
def folder() -> Path:
    """Give the folder of what the suite makes outside the checkout; it goes when the suite ends."""
    return Path(tempfile.mkdtemp(prefix="microblog-tests-"))


@functools.cache
def database_url() -> str:
    """Give the address of the suite's own database; app.db is never it."""
    if not _server_url:
        return f"sqlite:///{folder() / 'test.db'}"
    name = f"microblog_test_{uuid4().hex[:12]}"
    _administer(NEW_DATABASE.format(name))
    return sa.make_url(_server_url).set(database=name).render_as_string(hide_password=False)


def _administer(statement: str) -> None:
    engine = sa.create_engine(_server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def settings(**changes) -> dict:
    """Give settings for a test's application; nothing in them reaches what is not the test's."""
    return {
        "HOST": "127.0.0.1",
        "PORT": "5000",
        "SITE_URL": "",
        "PROXY_COUNT": "0",
        "SECRET_KEY": "a key for tests, 0123456789",
        "DATABASE_URL": database_url(),
        "ADMINS": "",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_SECURITY": "none",
        "LOG_FILE": str(folder() / "test.log"),
        "PUBLIC": "on",
        "PROVIDER": "open",
        "OPENID_TRUSTED_ORIGINS": "",
        "RATELIMIT_ENABLED": "off",
        "RATELIMIT_STORAGE_URI": "memory://",
        "GRAVATAR": "on",
        "TESTING": True,
        # A slow machine is not a slow provider.
        "FETCH_SECONDS": 120.0,
        # The real one takes a tenth of a second, which is its purpose.
        "PASSWORD_HASH": "scrypt:1024:8:1",
        **changes,
    }


def clean_up() -> None:
    """Remove what the suite made outside the checkout."""
    failures.close_log()
    for app in _apps.values():
        with app.app_context():
            db.engine.dispose()
    if _server_url and database_url.cache_info().currsize:
        name = sa.make_url(database_url()).database
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')
    if folder.cache_info().currsize:
        shutil.rmtree(folder(), ignore_errors=True)


def _begin_anew() -> None:
    # What there is belongs to the process that was forked; see parallel.py.
    _apps.clear()
    folder.cache_clear()
    database_url.cache_clear()


atexit.register(clean_up)
os.register_at_fork(after_in_child=_begin_anew)


class TestCase(unittest.TestCase):
    """A test with an application on an empty database."""

    # Settings that the tests of a class share.
    settings: dict = {}

    def setUp(self):
        self.app = self.make_app(**self.settings)
        context = self.app.app_context()
        context.push()
        self.addCleanup(context.pop)
        self.empty_database()

    def make_app(self, **changes) -> Flask:
        """Give the application of these settings; making one takes a while, so each is kept."""
        key = repr(sorted(changes.items()))
        if key not in _apps:
            _apps[key] = create_app(**settings(**changes))
            upgrade(_apps[key])
        # The limiter belongs to the process, and keeps the switch of the newest application.
        limiter.enabled = _apps[key].config["RATELIMIT_ENABLED"]
        if limiter.enabled:
            limiter.reset()
        return _apps[key]

    def empty_database(self) -> None:
        own = sa.make_url(database_url())
        url = db.engine.url
        # Nothing is deleted before this has held. No `assert`: -O would strip it.
        if (url.host, url.port, url.database) != (own.host, own.port, own.database):
            raise AssertionError(f"{url} is not the suite's database")
        db.session.rollback()
        with db.engine.begin() as connection:
            for table in reversed(db.metadata.sorted_tables):
                connection.execute(table.delete())

    def browser(self, user: User | None = None) -> "Browser":
        """Give a new browser; signed in without the long way when a user is given."""
        browser = Browser(self.app)
        if user is not None:
            browser.sign_in(user)
        return browser

    def run_command(self, *arguments: str, app: Flask | None = None):
        """Run a flask command, in a context of its own as on the command line."""
        app = app or self.app
        with app.app_context():
            result = app.test_cli_runner().invoke(args=arguments)
        self.assertNotIn("Traceback", result.output)
        return result

    def count(self, model) -> int:
        db.session.rollback()
        return db.session.scalar(sa.select(sa.func.count()).select_from(model))


class PeopleTestCase(TestCase):
    """With john, whom most tests are about, and susan, whose things he must not touch."""

    def setUp(self):
        super().setUp()
        self.john = self.person("john", "john@example.com")
        self.susan = self.person("susan", "susan@example.com")

    def person(self, nickname: str, email: str | None = None) -> User:
        return User.sign_up(f"https://{nickname}.example.com/", nickname, email)

    def post(self, author: User, body: str) -> Post:
        post = Post(body=body, user_id=author.id, timestamp=now())
        db.session.add(post)
        db.session.commit()
        return post


class Browser:
    """A browser without script: keeps cookies, follows redirects, fills in the forms it sees."""

    # The response that was read last, and what was read.
    _read: tuple | None = None

    def __init__(self, app: Flask, origin: str = SITE):
        self.app = app
        self.client = app.test_client()
        self.origin = origin
        self.url = origin + "/"
        self.visited: list[str] = []

    def sign_in(self, user: User) -> None:
        """Be signed in as `user`, without the long way."""
        self.take_sign_in(SignIn.begin(user, user.identifiers()[0]))

    def take_sign_in(self, token: str) -> None:
        """Show the token of a sign-in from now on."""
        with self.client.session_transaction(base_url=self.origin) as session:
            session["_user_id"] = token

    def join_provider(self, username: str, email: str = "") -> None:
        """Make an account at the site's own provider, which signs nobody in at the site yet."""
        self.get("/openid/join")
        form = {"csrf_token": self.token(), "username": username, "email": email}
        self.post("/openid/join", {**form, "password": PASSWORD})

    def get(self, url: str, **options):
        return self._open("GET", url, **options)

    def post(self, url: str, data: dict | None = None, **options):
        """Send `data` as this site's own page would, with the token of the page seen last."""
        headers = {"Origin": self.origin, "Referer": self.url, **options.pop("headers", {})}
        return self._open("POST", url, data=data or {}, headers=headers, **options)

    def submit(self, *labels: str, button: str | None = None, **values):
        """Fill in the first form that has all these fields (and the button) and send it.

        A form is chosen by its field names; `button` names the button by its text.
        """
        for form in self.page.forms:
            if set(values) <= form.names and (button is None or button in form.buttons):
                data = {**form.fields, **values}
                if button and form.buttons[button][0]:
                    name, value = form.buttons[button]
                    data[name] = value
                return self._open(
                    form.method,
                    urljoin(self.url, form.action or self.url),
                    data=data,
                    headers={"Origin": self.origin, "Referer": self.url},
                )
        raise AssertionError(f"no form with {sorted(values)} and {button!r} in:\n{self.text}")

    def _open(self, method: str, url: str, follow: bool = True, data=None, headers=None):
        url = urljoin(self.url, url)
        for _ in range(10):
            self.visited.append(f"{method} {url}")
            parts = urlsplit(url)
            own = url.startswith(self.origin + "/")
            if not own:
                # Another site: what happens there is that test's business.
                self.url, self.response = url, None
                return None
            # Flask lends a request the context that is open here, with its user and its
            # database session; a visitor's request has its own.
            with self.app.app_context():
                self.response = self.client.open(
                    parts.path or "/",
                    method=method,
                    query_string=parts.query,
                    data=data,
                    headers=headers,
                    base_url=self.origin,
                )
            self.url = url
            if not (follow and self.response.status_code in {301, 302, 303, 307, 308}):
                break
            if self.response.status_code not in {307, 308}:
                # Of a longer address browsers tell the origin alone (Referrer Policy, 8.3).
                referer = url if len(url) <= 4096 else self.origin + "/"
                method, data, headers = "GET", None, {"Referer": referer}
            url = urljoin(url, self.response.headers["Location"])
        else:
            raise AssertionError("too many redirects: " + " → ".join(self.visited[-10:]))
        return self.response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.get_data(as_text=True) if self.response else ""

    @property
    def page(self) -> "Page":
        """Give the page as it came, which is read once for however many questions."""
        if self._read is None or self._read[0] is not self.response:
            self._read = self.response, Page(self.text)
        return self._read[1]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def token(self) -> str:
        """Give the CSRF token of the page."""
        return next(form.fields["csrf_token"] for form in self.page.forms)

    def cookie(self, name: str):
        return self.client.get_cookie(name, domain=urlsplit(self.origin).hostname)


class Form:
    def __init__(self, attributes: dict):
        self.action = attributes.get("action") or ""
        self.method = (attributes.get("method") or "get").upper()
        self.fields: dict[str, str] = {}
        # All names, those of boxes that are not ticked too.
        self.names: set[str] = set()
        # The text of a button → its name and value.
        self.buttons: dict[str, tuple[str | None, str | None]] = {}


class Page(HTMLParser):
    """What a test wants to know of a page: its words, heading, links, forms and messages."""

    def __init__(self, text: str):
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self.alerts: list[str] = []
        self.statuses: list[str] = []
        self.words = ""
        self._open: list[tuple[str, dict, list[str]]] = []
        self._form: Form | None = None
        self.feed(text)
        self.close()

    @property
    def heading(self) -> str:
        return self.headings[0] if self.headings else ""

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self._form = Form(attributes)
            self.forms.append(self._form)
        if tag == "input" and self._form is not None and attributes.get("name"):
            unchecked = attributes.get("type") == "checkbox" and "checked" not in attributes
            self._form.names.add(attributes["name"])
            if not unchecked:
                self._form.fields[attributes["name"]] = attributes.get("value") or ""
        if tag not in {"input", "meta", "link", "img", "br"}:
            self._open.append((tag, attributes, []))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        while self._open:
            name, attributes, pieces = self._open.pop()
            text = " ".join("".join(pieces).split())
            if name == "button" and self._form is not None:
                self._form.buttons[text] = (attributes.get("name"), attributes.get("value"))
            elif name == "textarea" and self._form is not None and attributes.get("name"):
                # The parser keeps the line break that HTML drops after the tag.
                self._form.names.add(attributes["name"])
                self._form.fields[attributes["name"]] = "".join(pieces).removeprefix("\r\n")
            elif name == "a":
                self.links[text] = attributes.get("href") or ""
            elif name == "h1":
                self.headings.append(text)
            elif name == "form":
                self._form = None
            if attributes.get("role") == "alert":
                self.alerts.append(text)
            if attributes.get("role") == "status":
                self.statuses.append(text)
            if name == tag:
                break

    def handle_data(self, data):
        for _, _, pieces in self._open:
            pieces.append(data)
        if not any(name in {"script", "style", "head"} for name, _, _ in self._open):
            self.words += data


class JoinMixin:
    """The long way in, as a visitor takes it."""

    def join(self, username: str, email: str = "", browser: Browser | None = None) -> Browser:
        """Make an account at the site's own provider and come back signed in."""
        browser = browser or self.browser()
        browser.get("/")
        browser.submit(button="Sign in with this site")
        browser.get(browser.page.links["Make one"])
        browser.submit(username=username, password=PASSWORD, email=email)
        return browser

    def owner_of(self, identifier: str) -> User | None:
        db.session.rollback()
        return Identity.owner(identifier)
