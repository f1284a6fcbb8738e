"""Which version of the site this is."""

import re
from functools import cache
from pathlib import Path

from config import basedir

COMMIT = re.compile(r"[0-9a-f]{40,64}")


@cache
def version() -> str:
    """Give the first characters of the git commit, or `unknown` outside a checkout.

    It is read once, without the git program, which a server need not have.
    """
    try:
        commit = _commit(_git_folder(basedir / ".git"))
    except (OSError, ValueError):
        commit = None
    return commit[:10] if commit else "unknown"


def _git_folder(path: Path) -> Path:
    if path.is_file():
        # A worktree or a submodule (gitrepository-layout(5)).
        return basedir / path.read_text().removeprefix("gitdir:").strip()
    return path


def _commit(folder: Path) -> str | None:
    head = (folder / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head if COMMIT.fullmatch(head) else None
    name = head.removeprefix("ref:").strip()
    shared = folder
    if (folder / "commondir").is_file():
        shared = folder / (folder / "commondir").read_text().strip()
    for place in (folder, shared):
        if (place / name).is_file():
            return (place / name).read_text().strip()
    for line in (shared / "packed-refs").read_text().splitlines():
        commit, _, packed = line.partition(" ")
        if packed == name:
            return commit
    return None
