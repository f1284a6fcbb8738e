"""What the tests stand on: a database of their own, applications, and people."""

import atexit
import functools
import logging
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask

from app import create_app, db
from app.database import now
from app.database.upgrade import upgrade
from app.extensions import limiter
from app.failures import handlers
from app.models import Post, User
from app.tests.support.browser import PASSWORD, SITE, Browser

# Whatever the cluster was made with, the site needs UTF-8.
NEW_DATABASE = """CREATE DATABASE "{}" ENCODING 'UTF8' TEMPLATE template0"""

# What nearly every test takes from here, wherever it stands.
__all__ = [
    "PASSWORD",
    "SITE",
    "Browser",
    "JoinMixin",
    "PeopleTestCase",
    "TestCase",
    "settings",
]

_apps: dict[str, Flask] = {}
_server_url = os.environ.get("TEST_DATABASE_URL")


@functools.cache
def folder() -> Path:
    """Return the folder of all that the suite makes elsewhere; it goes when the suite ends."""
    return Path(tempfile.mkdtemp(prefix="microblog-tests-"))


@functools.cache
def database_url() -> str:
    """Return the address of the suite's own database; app.db is never it."""
    if not _server_url:
        return f"sqlite:///{folder() / 'test.db'}"
    return create_database()


def create_database() -> str:
    """Make an empty database on the PostgreSQL server of the tests, and return its address."""
    name = f"microblog_test_{uuid4().hex[:12]}"
    _administer(NEW_DATABASE.format(name))
    return sa.make_url(_server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    _administer(f'DROP DATABASE "{sa.make_url(url).database}" WITH (FORCE)')


def _administer(statement: str) -> None:
    engine = sa.create_engine(_server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def settings(**changes) -> dict:
    """Return settings for a test's application; nothing in them reaches what is not the test's."""
    return {
        "HOST": "127.0.0.1",
        "PORT": "5000",
        "SITE_URL": "",
        "SITE_NAME": "",
        "SITE_ABOUT": "",
        "ABOUT_FILE": "",
        "CONTACT": "",
        "AI_CRAWLERS": "",
        "PROXY_COUNT": "0",
        "SECRET_KEY": "a key for tests, 0123456789",
        "DATABASE_URL": database_url(),
        "ADMINS": "",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_SECURITY": "none",
        "LOG_FILE": str(folder() / "test.log"),
        "ANNOUNCEMENT_FILE": str(folder() / "announcement"),
        "PUBLIC": "on",
        "JOIN": "open",
        "PROVIDER": "open",
        "OPENID_TRUSTED_ORIGINS": "",
        "RATELIMIT_ENABLED": "off",
        "RATELIMIT_STORAGE_URI": "memory://",
        "GRAVATAR": "on",
        "METRICS": "",
        "REQUEST_LOG": "off",
        "TESTING": True,
        # A slow machine is not a slow provider.
        "FETCH_SECONDS": 120.0,
        # Nor does it search, or wait for its turn, without end.
        "SEARCH_SECONDS": 120.0,
        "DATABASE_SECONDS": 120,
        "DATABASE_LOCK_SECONDS": 120,
        # The real one takes a tenth of a second, which is its purpose.
        "PASSWORD_HASH": "scrypt:1024:8:1",
        **changes,
    }


def clean_up() -> None:
    """Remove what the suite made outside the checkout."""
    handlers.close_log()
    for app in _apps.values():
        with app.app_context():
            db.engine.dispose()
    if _server_url and database_url.cache_info().currsize:
        drop_database(database_url())
    if folder.cache_info().currsize:
        shutil.rmtree(folder(), ignore_errors=True)


def _begin_anew() -> None:
    # What there is belongs to the process that was forked; see programs/parallel.py.
    _apps.clear()
    folder.cache_clear()
    database_url.cache_clear()


def _do_not_wait_for_the_disk(connection, record) -> None:
    # What the tests keep need not outlive a power cut, and a commit is most of what they do.
    connection.execute("PRAGMA synchronous = OFF")


atexit.register(clean_up)
os.register_at_fork(after_in_child=_begin_anew)


class TestCase(unittest.TestCase):
    """A test with an application on an empty database."""

    # Settings that the tests of a class share.
    settings: dict = {}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        # Each application has a pool of its own, and PostgreSQL only so many connections.
        for app in _apps.values():
            with app.app_context():
                if db.engine.dialect.name == "postgresql":
                    db.engine.dispose()

    def setUp(self):
        self.app = self.make_app(**self.settings)
        context = self.app.app_context()
        context.push()
        self.addCleanup(context.pop)
        self.empty_database()

    def make_app(self, **changes) -> Flask:
        """Return the application of these settings; making one takes a while, so each is kept."""
        key = repr(sorted(changes.items()))
        if key not in _apps:
            _apps[key] = create_app(**settings(**changes))
            with _apps[key].app_context():
                if db.engine.dialect.name == "sqlite":
                    sa.event.listen(db.engine, "connect", _do_not_wait_for_the_disk)
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

    def browser(self, user: User | None = None) -> Browser:
        """Return a new browser; signed in without the long way when a user is given."""
        browser = Browser(self.app)
        if user is not None:
            browser.sign_in(user)
        return browser

    def run_command(self, *arguments: str, app: Flask | None = None):
        """Run a flask command, in a context of its own as on the command line."""
        app = app or self.app
        # The process of a command would end with it, and so would what it does to loggers.
        library = logging.getLogger("openid")
        self.addCleanup(library.setLevel, library.level)
        # So that it has the database to itself, as in its own process: it closes the pool.
        db.session.rollback()
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


class JoinMixin:
    """The long way in, as a visitor takes it."""

    def join(self, username: str, email: str = "", browser: Browser | None = None) -> Browser:
        """Make an account at the site's own provider and come back signed in."""
        browser = browser or self.browser()
        browser.get("/openid/join?next=/")
        browser.submit(username=username, password=PASSWORD, email=email)
        return browser

    def owner_of(self, identifier: str) -> User | None:
        db.session.rollback()
        return User.of_identifier(identifier)
