"""Newcomers who ask to join, as moderators see them."""

import sqlalchemy as sa

from app.extensions import db
from app.models import Application
from app.models.joining.applications import MAX_WAITING


def waiting() -> list[Application]:
    """Return who waits for an answer, those who asked first before the others."""
    return list(
        db.session.scalars(
            sa.select(Application)
            .where(Application.is_waiting())
            .order_by(Application.id)
            .limit(MAX_WAITING)
        )
    )
