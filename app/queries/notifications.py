"""Notifications of a user as lines of a page: those of a day that are alike stand in one."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import ConversationChoice, Notification, Post, User
from app.queries.pagination import PAGE_SIZE, Bounds, Page

_actor = aliased(User)
_all = (
    sa.select(
        Notification.id,
        Notification.kind,
        Notification.text,
        Notification.created,
        Notification.read,
        Notification.alike,
        Notification.post_id,
        Post.body,
        Post.thread_id,
        sa.exists()
        .where(
            ConversationChoice.user_id == Notification.user_id,
            ConversationChoice.thread_id == Post.thread_id,
            sa.not_(ConversationChoice.hears),
        )
        .label("is_stopped"),
        _actor.nickname,
    )
    .outerjoin(Post, Post.id == Notification.post_id)
    .outerjoin(_actor, _actor.id == Notification.actor_id)
    .where(Notification.stands())
    .order_by(Notification.id.desc())
)
OWN = _all.where(Notification.user_id == sa.bindparam("user_id"))


class Line(NamedTuple):
    """What a page tells in one line: one notification, or all of a day that are alike."""

    # Of the newest; `ids` are those of all.
    id: int
    ids: list[int]
    kind: str
    text: str
    created: datetime
    is_new: bool
    # Whose deeds they are, the last first; nobody's when it is the site that tells.
    people: list[str]
    post_id: int | None
    body: str | None
    # Whether its conversation was stopped since.
    is_stopped: bool


def of_user(user_id: int, bounds: Bounds) -> tuple[Page, int]:
    """Return a page of what happened to this user, newest first, and how many lines are new.

    All that a user has is read, which is no more than MAX_NOTIFICATIONS: the day's that are
    alike stand together, on whatever pages they would be by themselves.
    """
    rows = db.session.connection().execute(OWN, {"user_id": user_id}).all()
    lines = lines_of(rows)
    unread = sum(line.is_new for line in lines)
    if bounds.newer is not None:
        newer = [line for line in lines if line.id > bounds.newer]
        shown = newer[-PAGE_SIZE:]
    else:
        older = lines if bounds.older is None else [x for x in lines if x.id < bounds.older]
        shown = older[:PAGE_SIZE]
    if not shown:
        return Page([]), unread
    page = Page(
        shown,
        shown[-1].id if shown[-1] is not lines[-1] else None,
        shown[0].id if shown[0] is not lines[0] else None,
    )
    return page, unread


def thread_of(post_id: int) -> int:
    """Return the id of the first post of a post's conversation."""
    own = sa.select(sa.func.coalesce(Post.thread_id, Post.id)).where(Post.id == post_id)
    return db.session.scalar(own) or post_id


def of_letter(letter_id: int) -> list[Line]:
    """Return the lines of a letter, newest first."""
    rows = _all.where(Notification.letter_id == letter_id)
    return lines_of(db.session.connection().execute(rows).all())


def lines_of(rows) -> list[Line]:
    """Return the lines of these notifications, which come newest first."""
    lines: dict[int | str, Line] = {}
    for row in rows:
        key = row.alike or row.id
        people = [row.nickname] if row.nickname else []
        is_new = row.read is None
        if (line := lines.get(key)) is None:
            lines[key] = Line(
                row.id,
                [row.id],
                row.kind,
                row.text,
                row.created,
                is_new,
                people,
                row.post_id,
                row.body,
                row.is_stopped,
            )
        else:
            lines[key] = line._replace(
                ids=[*line.ids, row.id],
                people=line.people + people,
                is_new=line.is_new or is_new,
            )
    return list(lines.values())
