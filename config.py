"""Settings, read from the environment; README.md lists them all."""

import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# The release, as .github/CHANGELOG.md tells of it; the log and failure mails name it.
VERSION = "1.0.0"

basedir = Path(__file__).resolve().parent

# Providers that answered when last checked, for the buttons of the sign-in page
# (`flask openid check` asks them all). Where the address holds <username>, the
# button is a small form that asks for it.
OPENID_PROVIDERS = [
    {"name": "Ubuntu One", "url": "https://login.ubuntu.com/"},
    {"name": "Launchpad", "url": "https://login.launchpad.net/"},
    {"name": "Steam", "url": "https://steamcommunity.com/openid"},
    {"name": "openSUSE", "url": "https://www.opensuse.org/openid/user/<username>"},
    {"name": "Dreamwidth", "url": "https://<username>.dreamwidth.org/"},
    {"name": "LiveJournal", "url": "https://<username>.livejournal.com/"},
]

# In one process of runp.py, more than cores: many may be waiting for a slow provider at once.
MAX_THREADS = 48
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SettingError(SystemExit):
    """A setting that makes no sense; its text is one sentence that names the setting.

    It is a SystemExit, so that under any server and in any command the start ends
    with that sentence on standard error and nothing else.
    """


class Source:
    """Typed readers over a mapping of texts, each refusing what makes no sense."""

    def __init__(self, values: Mapping[str, object]):
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        return str(self.values.get(name, "")).strip() or default

    def line(self, name: str, default: str, most: int) -> str:
        given = self.text(name, default)
        if len(given) > most or not given.isprintable():
            raise SettingError(f"{name} must be one line of at most {most} characters.")
        return given

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        given = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", given) or not low <= int(given) <= high:
            raise SettingError(f"{name} must be a whole number from {low} to {high}.")
        return int(given)

    def choice(self, name: str, *options: str) -> str:
        """Return one of `options`, of which the first is the default."""
        given = self.text(name, options[0]).lower()
        if given not in options:
            raise SettingError(f"{name} must be {' or '.join(options)}, not {given!r}.")
        return given

    def switch(self, name: str, default: bool) -> bool:
        given = self.text(name, "on" if default else "off").lower()
        if given not in {"on", "off", "true", "false", "yes", "no", "1", "0"}:
            raise SettingError(f"{name} must be on or off, not {given!r}.")
        return given in {"on", "true", "yes", "1"}

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]


def read_settings(values: Mapping[str, object] | None = None, **overrides) -> dict:
    """Turn `values` (the environment unless given) and `overrides` into Flask's configuration.

    Overrides that are not in README's table go to Flask and its extensions as they
    are. Raises SettingError for a value that makes no sense.
    """
    source = Source({**(os.environ if values is None else values), **overrides})
    host = source.text("HOST", "127.0.0.1")
    port = source.integer("PORT", 5000, 1, 65535)
    chosen = source.text("SITE_URL")
    site_url = _origin("SITE_URL", chosen) if chosen else _listening_address(host, port)
    secure = site_url.startswith("https:")
    database_url = source.text("DATABASE_URL", "sqlite:///app.db")
    table = {
        "HOST": host,
        "PORT": port,
        "WORKERS": source.integer("WORKERS", 2, 1, 64),
        "SITE_URL": site_url,
        "SITE_NAME": source.line("SITE_NAME", "microblog", 40),
        "SITE_ABOUT": source.line("SITE_ABOUT", "", 200),
        "ABOUT_FILE": source.text("ABOUT_FILE"),
        "CONTACT": _contact(source.text("CONTACT")),
        "AI_CRAWLERS": source.switch("AI_CRAWLERS", False),
        "PROXY_COUNT": source.integer("PROXY_COUNT", 0, 0, 8),
        # Unless it is set, the factory has one made (app/web/keys/secret_key.py).
        "SECRET_KEY": source.text("SECRET_KEY"),
        "DATABASE_URL": database_url,
        "DATABASE_CONNECTIONS": source.integer("DATABASE_CONNECTIONS", MAX_THREADS, 2, 1000),
        "ADMINS": [_address("ADMINS", admin) for admin in source.names("ADMINS")],
        "MAIL_SERVER": source.text("MAIL_SERVER"),
        "MAIL_PORT": source.integer("MAIL_PORT", 25, 1, 65535),
        "MAIL_USERNAME": source.text("MAIL_USERNAME"),
        "MAIL_PASSWORD": source.text("MAIL_PASSWORD"),
        "MAIL_SECURITY": source.choice("MAIL_SECURITY", "none", "starttls", "tls"),
        "MAIL_FROM": _address(
            "MAIL_FROM", source.text("MAIL_FROM", f"no-reply@{urlsplit(site_url).hostname}")
        ),
        "LOG_FILE": source.text("LOG_FILE", str(basedir / "tmp" / "microblog.log")),
        "PUBLIC": source.switch("PUBLIC", True),
        "JOIN": source.choice("JOIN", "open", "ask", "invite", "closed"),
        "PROVIDER": source.choice("PROVIDER", "open", "closed", "off"),
        "OPENID_TRUSTED_ORIGINS": tuple(
            _origin("OPENID_TRUSTED_ORIGINS", origin)
            for origin in source.names("OPENID_TRUSTED_ORIGINS")
        ),
        "RATELIMIT_ENABLED": source.switch("RATELIMIT_ENABLED", True),
        "RATELIMIT_STORAGE_URI": _counter_storage(
            source.text("RATELIMIT_STORAGE_URI", "memory://")
        ),
        "GRAVATAR": source.switch("GRAVATAR", True),
        "METRICS": tuple(map(_network, source.names("METRICS"))),
        "REQUEST_LOG": source.switch("REQUEST_LOG", False),
    }
    fixed = {
        "SITE_URL_CHOSEN": bool(chosen),
        "OPENID_PROVIDERS": OPENID_PROVIDERS,
        "ANNOUNCEMENT_FILE": str(basedir / "tmp" / "announcement"),
        # Seconds that all fetches of one sign-in step may take together.
        "FETCH_SECONDS": 8.0,
        # Seconds that PostgreSQL may take for a statement of a page, and for a lock of it.
        "DATABASE_SECONDS": 7,
        "DATABASE_LOCK_SECONDS": 5,
        # Seconds that the database may work for a search.
        "SEARCH_SECONDS": 2.0,
        # Further failures of one kind are told together after this time.
        "FAILURE_QUIET_SECONDS": 15 * 60,
        "FAILURE_MAILS_PER_HOUR": 20,
        "FAILURE_HOUR_SECONDS": 60 * 60,
        # The first pause after the mail server failed; each is twice the one before.
        "MAIL_RETRY_SECONDS": 60,
        # Seconds to send what waits at the end; less than workers_kill_timeout of runp.py.
        "MAIL_FINISH_SECONDS": 2.0,
        # Werkzeug's name of it; it stands in front of each hash, so it can change.
        "PASSWORD_HASH": "scrypt",
        # A form may lie open for as long as its session lasts.
        "WTF_CSRF_TIME_LIMIT": None,
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        # Strict would be lost on the way back from a provider.
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_NAME": "__Host-remember" if secure else "remember",
        "REMEMBER_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_DURATION": timedelta(days=365),
        # Nothing on this site is uploaded; the longest form is a provider's answer.
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
    }
    # A statement's parameters hold what people typed; none of it belongs in a log.
    fixed["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "hide_parameters": True,
        # A connection is asked for a sign of life when it is taken from the pool, for a server
        # may have been started anew meanwhile.
        "pool_pre_ping": True,
        # Of a process, made when needed; who finds none in time gets a page that says so.
        "pool_size": table["DATABASE_CONNECTIONS"],
        "max_overflow": 0,
        "pool_timeout": 5,
    }
    fixed["SQLALCHEMY_DATABASE_URI"] = _database_url(database_url)
    return {**fixed, **overrides, **table}


def _listening_address(host: str, port: int) -> str:
    bare = host.strip("[]")
    try:
        loopback = ipaddress.ip_address(bare).is_loopback
    except ValueError:
        loopback = bare == "localhost"
    if not loopback:
        raise SettingError(
            f"SITE_URL must name the site's public address when HOST is {host}, "
            "for example SITE_URL=https://blog.example.com."
        )
    name = f"[{bare}]" if ":" in bare else bare
    return f"http://{name}" + ("" if port == 80 else f":{port}")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise SettingError(
            "METRICS must hold addresses or networks such as 10.0.0.5 or 10.0.0.0/24, "
            f"not {text!r}."
        ) from None


def _origin(name: str, url: str) -> str:
    # Not repeated in the sentence: it may hold a password.
    problem = (
        f"{name} must be an address such as https://blog.example.com, "
        "without a path, a user name or anything else."
    )
    try:
        parts = urlsplit(url)
        hostname, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingError(problem) from None
    if (
        parts.scheme not in {"http", "https"}
        or not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", hostname)
        or parts.username is not None
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or any(character <= " " for character in url)
    ):
        raise SettingError(problem)
    host = f"[{hostname}]" if ":" in hostname else hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, default} else f":{port}")


def _address(name: str, address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(c <= " " or c in "<>," for c in address):
        raise SettingError(
            f"{name} must hold mail addresses such as me@example.com, not {address!r}."
        )
    return address


def _contact(text: str) -> str:
    if text.startswith("https://") and text.isascii() and not re.search(r"[\x00-\x20<>]", text):
        return text
    return _address("CONTACT", text) if text else ""


def _database_url(text: str) -> str:
    """Return the SQLAlchemy URL, with a relative SQLite path taken from beside this file."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingError(
            "DATABASE_URL must be a database address such as sqlite:///app.db "
            "or postgresql+psycopg://user:password@host/name."
        ) from None
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        url = url.set(drivername="postgresql+psycopg")
        if not url.database:
            raise SettingError("DATABASE_URL must name a database after the host.")
    elif url.drivername == "sqlite":
        name = url.database or ""
        if name in {"", ":memory:"} or name.startswith("file:"):
            raise SettingError(
                "DATABASE_URL must name a file: "
                "a SQLite database in memory ends with its connection."
            )
        url = url.set(database=str(basedir / name))
    else:
        raise SettingError("DATABASE_URL must begin with sqlite: or postgresql+psycopg:.")
    return url.render_as_string(hide_password=False)


def _counter_storage(uri: str) -> str:
    if not uri.startswith(("memory://", "redis://", "rediss://", "redis+unix://")):
        raise SettingError("RATELIMIT_STORAGE_URI must begin with memory:// or redis://.")
    return uri
