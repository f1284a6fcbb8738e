"""Mail addresses as providers send them: asserted, and verified by nobody."""

import re

# In characters.
MAX_EMAIL = 120


def cleaned_email(text: str | None) -> str | None:
    """Return a mail address as a provider sent it, or None when it cannot be one."""
    text = (text or "").strip()
    looks_right = re.fullmatch(r"[^@\s\x00-\x1f]+@[\w.-]+", text)
    return text if looks_right and len(text) <= MAX_EMAIL else None
