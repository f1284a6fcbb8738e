"""What is unsafe about the present settings and files, or does not work that they name."""

import os
import smtplib

import sqlalchemy as sa
from flask import Flask
from limits.storage import storage_from_string
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from app.database import private_files
from app.database.copies.contents import problems, revision
from app.database.upgrade import has_every_table, is_current
from app.extensions import db, storage_options
from app.failures import redaction
from app.mail import smtp
from app.models.relationships import counts
from app.web.keys.secret_key import MIN_SECRET
from config import basedir


def warnings(app: Flask) -> list[str]:
    """Return a line for each setting and each file that a public site should not run with."""
    config = app.config
    is_without_proxy = config["SITE_URL_CHOSEN"] and config["PROXY_COUNT"] == 0
    found = {
        "SITE_URL is not set: only this machine is served. Set it to the public address.": (
            not config["SITE_URL_CHOSEN"]
        ),
        "SITE_URL is http: passwords and cookies can be read on the way. Use https.": (
            config["SITE_URL"].startswith("http:")
        ),
        "ADMINS is empty: nobody hears of failures.": not config["ADMINS"],
        "MAIL_SERVER is not set: failures go to localhost, and members get no mail.": (
            not config["MAIL_SERVER"]
        ),
        "MAIL_SECURITY is none: the mail password and every failure can be read on the way.": (
            bool(config["ADMINS"])
            and config["MAIL_SECURITY"] == "none"
            and config["MAIL_SERVER"] not in {"", "localhost", "127.0.0.1", "::1"}
        ),
        "RATELIMIT_ENABLED is off: passwords can be guessed and accounts made without end.": (
            not config["RATELIMIT_ENABLED"]
        ),
        "RATELIMIT_STORAGE_URI is memory://: each of the WORKERS counts for itself.": (
            config["RATELIMIT_ENABLED"]
            and config["RATELIMIT_STORAGE_URI"].startswith("memory:")
            and config["WORKERS"] > 1
        ),
        "PROVIDER is open while RATELIMIT_ENABLED is off: anybody can fill the site.": (
            config["PROVIDER"] == "open" and not config["RATELIMIT_ENABLED"]
        ),
        "JOIN is open while PUBLIC is off: whoever has an OpenID can join and read all.": (
            config["JOIN"] == "open" and not config["PUBLIC"]
        ),
        "OPENID_TRUSTED_ORIGINS is set: visitors can have private addresses fetched.": (
            bool(config["OPENID_TRUSTED_ORIGINS"])
        ),
        "PROXY_COUNT is 0 with a public SITE_URL: behind a proxy, all visitors count as one.": (
            is_without_proxy
        ),
        "PROXY_COUNT is 0, and without a proxy that reads each request whole before it passes it "
        "on, 100 visitors who send theirs slowly stop the site.": is_without_proxy,
        "SECRET_KEY is short: let the site make one.": (len(config["SECRET_KEY"]) < 2 * MIN_SECRET),
        "SECRET_KEY is kept on this machine alone, while the database and Redis can be shared: "
        "give it to all machines, or no form works on two.": (
            _is_kept_here(config["SECRET_KEY"])
            and config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql")
            and not config["RATELIMIT_STORAGE_URI"].startswith("memory:")
        ),
        "Debug is on: visitors can run code.": app.debug,
    }
    url = make_url(config["SQLALCHEMY_DATABASE_URI"])
    database = url.database if url.get_backend_name() == "sqlite" else None
    lines = [text for text, applies in found.items() if applies]
    files = private_files.shared(database)
    lines += [f"{path} is open to other accounts: chmod 600 it." for path in files]
    return [*lines, *_database(app), *_redis(config), *_mail(config)]


def _is_kept_here(key: str) -> bool:
    try:
        return (basedir / "tmp" / "secret_key").read_text().strip() == key
    except OSError:
        return False


def _database(app: Flask) -> list[str]:
    path = db.engine.url.database
    if db.engine.dialect.name == "sqlite" and not os.path.exists(str(path)):
        # The first start makes it, and this is none.
        return []
    try:
        with db.engine.connect() as connection:
            broken = [f"The database is broken: {line}." for line in problems(connection)]
            if broken:
                return broken
            stands = revision(connection)
        if not is_current():
            return [f"The database stands at migration {stands}: the next start upgrades it."]
        if not has_every_table():
            return ["The database lacks a table: restore a backup."]
        with db.engine.connect() as connection:
            wrong = connection.scalar(counts.miscounted())
        found = f"{wrong} users have a wrong number of followers: run `flask user recount`."
        return [found] if wrong else []
    except sa.exc.SQLAlchemyError as error:
        return [f"The database cannot be used: {_reason(getattr(error, 'orig', None) or error)}"]


def _redis(config: dict) -> list[str]:
    uri = config["RATELIMIT_STORAGE_URI"]
    if uri.startswith("memory:"):
        return []
    try:
        if storage_from_string(uri, **storage_options(uri)).check():
            return []
    except (RedisError, OSError, ValueError):
        # Their words may have the password of the address in them.
        pass
    return ["RATELIMIT_STORAGE_URI: Redis does not answer, so each process counts for itself."]


def _mail(config: dict) -> list[str]:
    if not config["ADMINS"]:
        return []
    try:
        smtp.probe(config)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        server = f"{config['MAIL_SERVER'] or 'localhost'}:{config['MAIL_PORT']}"
        return [f"MAIL_SERVER: {server} takes no mail from here: {_reason(error)}"]
    return []


def _reason(error: BaseException) -> str:
    return redaction.one_line((str(error) or repr(error)).splitlines()[0])
