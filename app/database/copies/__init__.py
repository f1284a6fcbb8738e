"""Copies of the whole database, between SQLite and PostgreSQL in any direction.

A backup is a SQLite database whatever the site runs on: it can be looked into, checked and
restored everywhere. No table is named here, so that none can be forgotten.
"""

from app.database.copies.copying import CopyFailed
from app.database.copies.deeds import back_up, move, restore

__all__ = ["CopyFailed", "back_up", "move", "restore"]
