"""Instants: timezone-aware UTC everywhere in Python, whatever the database keeps."""

from datetime import UTC, datetime

import sqlalchemy as sa

MONTHS = (
    "January February March April May June July August September October November December"
).split()


class UTCDateTime(sa.types.TypeDecorator):
    """An instant: timezone-aware UTC in Python, whatever the database keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite keeps no offset; what it holds was converted on the way in.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return this instant."""
    return datetime.now(UTC)


def absolute(instant: datetime) -> str:
    """Return `instant` in UTC as people write it, in English whatever the server's language."""
    day = f"{instant.day} {MONTHS[instant.month - 1]} {instant.year}"
    return f"{day}, {instant.hour:02}:{instant.minute:02} UTC"
