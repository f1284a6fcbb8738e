"""The key that signs cookies: the one that is set, or one that is made once and kept."""

import os
import secrets
from pathlib import Path

from config import SettingError, basedir

MIN_SECRET = 16
# Keys that stand printed in tutorials and examples, where everybody can read them.
KNOWN_SECRETS = {
    "you-will-never-guess",
    "hard to guess string",
    "the quick brown fox jumps over the lazy dog",
    "change-me-change-me",
    "changemechangeme",
    "secret-secret-secret",
    "development key",
    "super secret key",
    "this-is-a-secret-key",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
}


def chosen_or_kept(given: str) -> str:
    """Return the key that is `given`, or without one the site's own, made on first use.

    Raises SettingError for one that others may know, and when none can be kept.
    """
    path = basedir / "tmp" / "secret_key"
    key, name = (given, "SECRET_KEY") if given else (_kept(path), f"SECRET_KEY in {path}")
    if len(key) < MIN_SECRET or key.lower() in KNOWN_SECRETS or len(set(key)) < 6:
        raise SettingError(
            f"{name} must be at least {MIN_SECRET} characters that nobody can guess; "
            "leave it out to have one made."
        )
    return key


def _kept(path: Path) -> str:
    """Return the key kept in `path`, made on first use, so that restarts sign nobody out."""
    try:
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            try:
                # A link appears whole or not at all, and the first of several
                # processes that start at once wins.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(
            f"SECRET_KEY is not set and none can be kept in {path.parent}: "
            f"{error.strerror}; make that folder writable or set SECRET_KEY."
        ) from None
