"""What the site says of itself: to people on a page, to machines at the addresses they know."""

from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, url_for

from app.database import now
from app.extensions import limiter
from app.web.headers import allow_public_caching, allow_unvaried_caching
from app.web.origin import own_url
from config import SettingError, basedir

bp = Blueprint("site", __name__)
limiter.exempt(bp)

# Of ABOUT_FILE, in characters: what fits on a page that is quick everywhere.
MAX_ABOUT = 20_000
# A line that is one of these words begins a chapter.
HEADINGS = ("About", "Rules", "Contact", "Imprint")
TEXT = "about"
SECURITY_TXT_ENDS_AFTER = timedelta(days=180)
# Those who collect texts to train language models, as they call themselves in robots.txt.
AI_CRAWLERS = (
    "AI2Bot Amazonbot anthropic-ai Applebot-Extended Bytespider CCBot ClaudeBot cohere-ai "
    "Diffbot FacebookBot Google-Extended GPTBot ImagesiftBot Meta-ExternalAgent Omgilibot "
    "PerplexityBot Timpibot YouBot"
).split()


def init_app(app: Flask) -> None:
    """Read ABOUT_FILE, once. Raises SettingError."""
    name = app.config["ABOUT_FILE"]
    app.extensions[TEXT] = _chapters(_read(basedir / name)) if name else []


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingError(f"ABOUT_FILE cannot be read from {path}: {reason}.") from None
    if len(text) > MAX_ABOUT:
        raise SettingError(f"ABOUT_FILE must have at most {MAX_ABOUT} characters.")
    return text


def _chapters(text: str) -> list[tuple[str, list[str]]]:
    """Return headings, of which the first may be empty, each with its paragraphs."""
    chapters: list[tuple[str, list[str]]] = [("", [""])]
    for line in text.splitlines():
        heading = line.strip().rstrip(":").capitalize()
        if heading in HEADINGS:
            chapters.append((heading, [""]))
        elif line.strip():
            chapters[-1][1][-1] += line.rstrip() + "\n"
        else:
            chapters[-1][1].append("")
    return [(heading, [p.strip() for p in parts if p]) for heading, parts in chapters]


@bp.get("/about")
def about():
    """Show what the keeper wrote about the site: what it is, its rules, whom to ask."""
    allow_public_caching()
    return render_template("site/about.html", chapters=current_app.extensions[TEXT])


@bp.get("/robots.txt")
def robots():
    """Send crawlers what they may read (RFC 9309)."""
    config = current_app.config
    lines = ["User-agent: *"]
    # Searching costs more than reading, and finds nothing that has no address of its own.
    lines += [f"Disallow: {path}" for path in (["/search", "/login"] if config["PUBLIC"] else "/")]
    if not config["AI_CRAWLERS"]:
        lines += ["", *(f"User-agent: {name}" for name in AI_CRAWLERS), "Disallow: /"]
    return _text(lines)


@bp.get("/.well-known/security.txt")
def security():
    """Send where to report a hole (RFC 9116), if CONTACT says so."""
    contact = current_app.config["CONTACT"] or abort(404)
    # To the day, so that one file is the same to all who ask.
    ends = (now() + SECURITY_TXT_ENDS_AFTER).strftime("%Y-%m-%dT00:00:00Z")
    return _text(
        [
            f"Contact: {contact if contact.startswith('https:') else f'mailto:{contact}'}",
            f"Expires: {ends}",
            f"Canonical: {own_url(url_for('site.security'))}",
            "Preferred-Languages: en",
        ]
    )


@bp.get("/.well-known/change-password")
def change_password():
    """Lead password managers to the page that changes one (w3c.github.io/webappsec)."""
    has_accounts = current_app.config["PROVIDER"] != "off"
    return redirect(url_for("accounts.password" if has_accounts else "profiles.edit"))


def _text(lines: list[str]) -> Response:
    allow_unvaried_caching()
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
