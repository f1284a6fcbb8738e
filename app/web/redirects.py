"""Where it is safe to send somebody."""

from urllib.parse import unquote

from flask import url_for

# In bytes, for it has to fit into the address to which a provider sends people back.
MAX_NEXT = 500


def safe_next(target: str | None) -> str:
    """Return `target` when it is a path on this site, otherwise the home page.

    A path begins with one slash and holds no scheme, host, backslash or character
    below U+0021, however it is encoded. Nothing is repaired: what is odd goes home.
    """
    home = url_for("posts.index")
    if not target or len(target.encode("utf-8", "replace")) > MAX_NEXT:
        return home
    decoded = target
    # Servers and proxies on the way may decode once more than we do.
    for _ in range(3):
        if not _is_plain_path(decoded):
            return home
        decoded = unquote(decoded)
    return target


def _is_plain_path(path: str) -> bool:
    return (
        path.startswith("/")
        # Browsers read // as the start of a host, and a backslash as a slash.
        and not path.startswith("//")
        and "\\" not in path
        # Browsers drop tabs and line breaks, and what is left may be a host.
        and not any(character < "!" or character == "\x7f" for character in path)
    )
