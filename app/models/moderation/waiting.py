"""What waits for a moderator: the statements of the page that lists it, and their count.

The page reads these very statements, so that the number in the menu is what stands there.
"""

import sqlalchemy as sa

from app.models.joining.applications import Application
from app.models.moderation.actions import Suspension
from app.models.moderation.reports import Report

# Of each kind the page shows so many, the oldest first; more come up as these are done.
MAX_SHOWN = 25
# Written into the statement: each page of a member would take it along three times.
_MOST: sa.ColumnElement[int] = sa.literal_column(str(MAX_SHOWN))


def things(moderator_id) -> sa.Select:
    """Return the things with open reports, but for those about the moderator: thing, first."""
    return (
        sa.select(Report.thing, sa.func.min(Report.id).label("first"))
        .where(Report.closed.is_(None), Report.user_id != moderator_id)
        .group_by(Report.thing)
        .order_by(sa.func.min(Report.id))
        .limit(_MOST)
        .correlate_except(Report)
    )


def applications() -> sa.Select:
    """Return the ids of the newcomers who ask to join."""
    return (
        sa.select(Application.id)
        .where(Application.is_waiting())
        .order_by(Application.id)
        .limit(_MOST)
    )


def appeals() -> sa.Select:
    """Return the ids of the users whose answer to a suspension nobody has dealt with."""
    return (
        sa.select(Suspension.user_id)
        .where(Suspension.has_open_appeal())
        .order_by(Suspension.appealed)
        .limit(_MOST)
    )


def count(user_id, role) -> sa.ColumnElement[int]:
    """Return how much the page of this user shows, if it is a moderator; 0 of others."""
    reports, newcomers, answers = (
        sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()
        for rows in (things(user_id), applications(), appeals())
    )
    is_moderator = role == sa.literal_column("'moderator'")
    return sa.case((is_moderator, reports + newcomers + answers), else_=sa.literal_column("0"))
