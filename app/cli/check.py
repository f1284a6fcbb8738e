"""What is unsafe about the present settings and files."""

from flask import Flask
from sqlalchemy.engine import make_url

from app.database import private_files
from app.web.secret_key import MIN_SECRET


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
        "Debug is on: visitors can run code.": app.debug,
    }
    url = make_url(config["SQLALCHEMY_DATABASE_URI"])
    database = url.database if url.get_backend_name() == "sqlite" else None
    lines = [text for text, applies in found.items() if applies]
    files = private_files.shared(database)
    return lines + [f"{path} is open to other accounts: chmod 600 it." for path in files]
