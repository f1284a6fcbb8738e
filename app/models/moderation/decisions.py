"""Decisions: what moderators, and the keeper of the machine, do about a post or a person.

Each is one transaction with its line in the log, its notifications and the reports it closes.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import now, writing
from app.database.instants import absolute
from app.extensions import db
from app.models import endings
from app.models.moderation.actions import GRACE, Action, HiddenPost, Suspension
from app.models.moderation.reports import Report, Thing, take_turns
from app.models.notifications import Notification
from app.models.posts.post import DeletedPost, Post
from app.models.users import User

KEEPER = "the keeper of this site"
MAX_DAYS = 365
# People who are deleted at once when their time is over; the rest waits for the next sign-in.
MAX_DELETED_AT_ONCE = 20
# Stands for the post, in what its author is told.
POST = "{post}"


class NotAllowed(Exception):
    """This is no moderator, or one who would decide about themselves or another moderator."""


class Impossible(Exception):
    """What was to be done cannot be any more, for the reason that its words tell."""


class DecidedMeanwhile(Exception):
    """Another decision about the same person came first; `action` is its line of the log."""

    def __init__(self, action: Action):
        super().__init__(action.kind)
        self.action = action


class Decision(NamedTuple):
    """What to do about a thing, and why: `kind` is one of DEEDS.

    `seen` is the last Action about the person that was known (0: none), and `newest_report` the
    last report; None stands for whatever there is.
    """

    kind: str
    thing: Thing
    reason: str
    # Of a suspension; None is for good.
    days: int | None = None
    seen: int | None = None
    newest_report: int | None = None


def decide(decision: Decision, moderator: User | None) -> None:
    """Do it, in the name of a moderator or (None) of the keeper.

    Raises NotAllowed, DecidedMeanwhile or Impossible, and then nothing has changed.
    """
    moderator_id = None if moderator is None else moderator.id
    thing = decision.thing
    with writing() as session:
        take_turns(session)
        target = session.scalar(
            sa.select(User).where(User.id == thing.user_id).with_for_update(of=User)
        )
        if target is None:
            raise Impossible("They have left meanwhile.")
        name = _allowed(session, moderator_id, target)
        _require_nothing_new(session, decision)
        body = session.scalar(
            sa.select(Post.body).where(Post.id == thing.post_id, Post.user_id == thing.user_id)
        )
        told = DEEDS[decision.kind](session, decision, body)
        by = f"{name}, a moderator," if moderator_id else name[0].upper() + name[1:]
        action = Action(
            kind=decision.kind,
            moderator_id=moderator_id,
            moderator_name=name,
            user_id=thing.user_id,
            post_id=thing.post_id,
            reason=decision.reason,
            until=_until(decision),
        )
        session.add(action)
        if told:
            told = told.replace(POST, f"your post “{body}”")
            text = f"{by} {told}. Why: {decision.reason}"
            Notification.tell(session, thing.user_id, text)
        _close_reports(session, decision, target.nickname)


def _allowed(session: Session, moderator_id: int | None, target: User) -> str:
    """Return in whose name it is done."""
    if moderator_id is None:
        return KEEPER
    moderator = session.execute(
        sa.select(User.nickname, User.role).where(User.id == moderator_id)
    ).first()
    if moderator is None or moderator.role != "moderator":
        raise NotAllowed
    if target.id == moderator_id or target.role == "moderator":
        raise NotAllowed
    return moderator.nickname


def _require_nothing_new(session: Session, decision: Decision) -> None:
    if decision.seen is None:
        return
    newer = session.scalar(
        sa.select(Action)
        .where(Action.user_id == decision.thing.user_id, Action.id > decision.seen)
        .order_by(Action.id.desc())
        .limit(1)
    )
    if newer is not None:
        session.expunge(newer)
        raise DecidedMeanwhile(newer)


def _until(decision: Decision):
    days = decision.days
    return now() + timedelta(days=days) if decision.kind == "suspend" and days else None


def _close_reports(session: Session, decision: Decision, nickname: str) -> None:
    thing = decision.thing
    what = f"the profile of {nickname}" if thing.post_id is None else f"a post of {nickname}"
    done = "left it as it is" if decision.kind == "dismiss" else DONE[decision.kind]
    text = f"You reported {what}. It was looked at: we {done}. Why: {decision.reason}"
    closed = Report.close(session, thing, decision.newest_report, decision.kind, text)
    if decision.kind == "dismiss" and not closed:
        raise Impossible("There is no report to close any more.")


# What reporters are told that was done.
DONE = {
    "hide": "hid the post",
    "delete": "deleted the post",
    "warn": "warned its author",
    "suspend": "suspended its author",
    "lift": "changed an earlier decision",
    "uphold": "let the decision stand",
}


# The deeds. Each returns what the person is told was done, if anything.


def _dismiss(session: Session, decision: Decision, body: str | None) -> str:
    return ""


def _hide(session: Session, decision: Decision, body: str | None) -> str:
    post_id = decision.thing.post_id
    if body is None:
        raise Impossible("The post has been deleted meanwhile.")
    if session.get(HiddenPost, post_id):
        raise Impossible("The post is hidden already.")
    session.add(HiddenPost(post_id=post_id, reason=decision.reason))
    Notification.take_back(session, Notification.post_id == post_id)
    return f"hid {POST}, which only you still see"


def _delete(session: Session, decision: Decision, body: str | None) -> str:
    which = sa.and_(Post.id == decision.thing.post_id, Post.user_id == decision.thing.user_id)
    DeletedPost.by_a_moderator(session, which)
    gone = session.scalar(sa.delete(Post).where(which).returning(Post.id))
    if gone is None:
        raise Impossible("The post has been deleted meanwhile.")
    return f"deleted {POST}"


def _warn(session: Session, decision: Decision, body: str | None) -> str:
    return f"warns you about {POST}" if body else "warns you"


def _suspend(session: Session, decision: Decision, body: str | None) -> str:
    user_id = decision.thing.user_id
    session.execute(sa.delete(Suspension).where(Suspension.user_id == user_id))
    _mark_lifted(session, "suspend", Action.user_id == user_id)
    until = _until(decision)
    session.add(Suspension(user_id=user_id, reason=decision.reason, until=until))
    endings.sign_out_everywhere(session, user_id)
    Notification.take_back(session, Notification.actor_id == user_id)
    return f"suspended you until {absolute(until)}" if until else "suspended you"


def _lift(session: Session, decision: Decision, body: str | None) -> str:
    user_id, post_id = decision.thing
    if post_id is not None:
        shown = sa.delete(HiddenPost).where(HiddenPost.post_id == post_id)
        if session.scalar(shown.returning(HiddenPost.post_id)) is None:
            raise Impossible("The post is not hidden any more.")
        _mark_lifted(session, "hide", Action.post_id == post_id)
        return f"lets everybody see {POST} again"
    in_force = sa.and_(Suspension.user_id == user_id, Suspension.is_in_force())
    ended = sa.delete(Suspension).where(in_force)
    if session.scalar(ended.returning(Suspension.user_id)) is None:
        raise Impossible("They are not suspended any more.")
    _mark_lifted(session, "suspend", Action.user_id == user_id)
    return "ended your suspension"


def _uphold(session: Session, decision: Decision, body: str | None) -> str:
    closed = session.scalar(
        sa.update(Suspension)
        .where(Suspension.user_id == decision.thing.user_id, Suspension.has_open_appeal())
        .values(appeal_closed=now())
        .returning(Suspension.user_id)
    )
    if closed is None:
        raise Impossible("There is no answer to read any more.")
    return "read your answer, and let your suspension stand"


DEEDS: dict[str, Callable[[Session, Decision, str | None], str]] = {
    "dismiss": _dismiss,
    "hide": _hide,
    "delete": _delete,
    "warn": _warn,
    "suspend": _suspend,
    "lift": _lift,
    "uphold": _uphold,
}
# Those that need a post; the others do about a person as well.
OF_POSTS = {"hide", "delete"}


def _mark_lifted(session: Session, kind: str, which: sa.ColumnElement[bool]) -> None:
    session.execute(
        sa.update(Action)
        .where(Action.kind == kind, which, Action.lifted.is_(None))
        .values(lifted=now())
    )


def delete_expired() -> list[int]:
    """Delete who was suspended for good and had time enough to answer; return their ids.

    Each is a transaction of its own, in which it is asked again: it may be lifted meanwhile.
    """
    due = sa.and_(Suspension.until.is_(None), Suspension.since <= now() - GRACE)
    found = db.session.scalars(
        sa.select(Suspension.user_id).where(due).limit(MAX_DELETED_AT_ONCE)
    ).all()
    deleted = []
    for user_id in found:
        with writing() as session:
            take_turns(session)
            user = session.scalar(sa.select(User).where(User.id == user_id).with_for_update())
            if user and session.scalar(
                sa.select(Suspension.user_id).where(Suspension.user_id == user_id, due)
            ):
                # Neither their names nor their OpenIDs come back.
                endings.delete_user(session, user_id, refuse_identifiers=True)
                deleted.append(user_id)
    return deleted
