"""What moderators read: what waits, all about one thing, and the log that everybody reads."""

from typing import NamedTuple

import sqlalchemy as sa

from app.database import now
from app.extensions import db
from app.models import Action, Application, HiddenPost, Post, Report, Suspension, Thing, User
from app.models.moderation import waiting
from app.queries.pagination import Bounds, Page, bidirectional, page_of, read

# Of the open reports of one thing the oldest, of what was decided about a person the newest.
MAX_LISTED = 50

_named = sa.orm.aliased(User)
_reporter = sa.orm.aliased(User)

ENTRY = (
    Action.id,
    Action.kind,
    Action.moderator_id,
    Action.moderator_name,
    Action.user_id,
    Action.post_id,
    Action.reason,
    Action.created,
    Action.until,
    Action.lifted,
)

# Whether what was done to somebody still is so.
_stands = sa.and_(
    Action.lifted.is_(None),
    sa.or_(
        sa.and_(
            Action.kind == "hide",
            sa.exists().where(HiddenPost.post_id == Action.post_id).correlate(Action),
        ),
        sa.and_(
            Action.kind == "suspend",
            sa.or_(Action.until.is_(None), Action.until > sa.bindparam("moment")),
        ),
    ),
)
_log = sa.select(*ENTRY, _named.nickname).outerjoin(
    _named, sa.and_(_named.id == Action.user_id, _stands)
)
LOG = bidirectional(lambda downwards: page_of(_log, Action.id, downwards))


def log(bounds: Bounds) -> Page:
    """Return a page of the log; who it was about has a name while the decision stands."""
    return read(LOG, bounds, moment=now())


class Waiting(NamedTuple):
    """All that waits for one moderator, of each kind the oldest first."""

    reports: list[sa.Row]
    newcomers: list[Application]
    appeals: list[sa.Row]

    @property
    def total(self) -> int:
        return len(self.reports) + len(self.newcomers) + len(self.appeals)


def waiting_for(moderator_id: int) -> Waiting:
    """Return what waits for this moderator; for the keeper (0) that is all there is."""
    things = waiting.things(moderator_id).subquery()
    of_thing = sa.orm.aliased(Report)
    count = sa.select(sa.func.count(of_thing.id)).where(
        of_thing.thing == things.c.thing, of_thing.closed.is_(None)
    )
    reports = (
        sa.select(
            Report.thing,
            Report.user_id,
            Report.post_id,
            Report.body,
            Report.choice,
            Report.sentence,
            Report.created,
            User.nickname,
            User.role,
            count.scalar_subquery().label("count"),
        )
        .join(things, things.c.first == Report.id)
        .join(User, User.id == Report.user_id)
        .order_by(Report.id)
    )
    newcomers = sa.select(Application).where(Application.id.in_(waiting.applications()))
    appeals = (
        sa.select(
            Suspension.user_id,
            Suspension.reason,
            Suspension.since,
            Suspension.until,
            Suspension.appeal,
            Suspension.appealed,
            User.nickname,
        )
        .join(User, User.id == Suspension.user_id)
        .where(Suspension.user_id.in_(waiting.appeals()))
        .order_by(Suspension.appealed)
    )
    return Waiting(
        list(db.session.execute(reports).all()),
        list(db.session.scalars(newcomers.order_by(Application.id))),
        list(db.session.execute(appeals).all()),
    )


class Case(NamedTuple):
    """All that a moderator has to know to decide about a thing."""

    thing: Thing
    user: User
    # What the post says now, or said when it was reported last; None of a profile.
    body: str | None
    is_deleted: bool
    hidden: HiddenPost | None
    suspension: Suspension | None
    # Open ones, and what was decided about this person before.
    reports: list[sa.Row]
    actions: list[sa.Row]

    @property
    def newest_report(self) -> int:
        return max((report.id for report in self.reports), default=0)

    @property
    def last_action(self) -> int:
        return max((action.id for action in self.actions), default=0)


def case_of_post(post_id: int) -> Case | None:
    """Return the case of a post, which may be gone when there are reports of it; or None."""

    post = db.session.execute(sa.select(Post.user_id, Post.body).where(Post.id == post_id)).first()
    found = (
        post
        or db.session.execute(
            sa.select(Report.user_id, Report.body)
            .where(Report.thing == Thing(0, post_id).key)
            .order_by(Report.id.desc())
        ).first()
    )
    if found is None:
        return None
    return _case(Thing(found.user_id, post_id), found.body, post is None)


def case_of_user(nickname: str) -> Case | None:
    """Return the case of a user's profile, or None without such a user."""
    user = User.find(nickname)
    return None if user is None else _case(Thing(user.id), None, False)


def _case(thing: Thing, body: str | None, is_deleted: bool) -> Case | None:
    user = db.session.get(User, thing.user_id)
    if user is None:
        return None
    reports = (
        sa.select(Report.id, Report.choice, Report.sentence, Report.body, Report.created)
        .add_columns(_reporter.nickname)
        .outerjoin(_reporter, _reporter.id == Report.reporter_id)
        .where(Report.thing == thing.key, Report.closed.is_(None))
    )
    actions = sa.select(*ENTRY).where(Action.user_id == thing.user_id)
    return Case(
        thing,
        user,
        body,
        is_deleted,
        None if thing.post_id is None else db.session.get(HiddenPost, thing.post_id),
        Suspension.of(thing.user_id),
        list(db.session.execute(reports.order_by(Report.id).limit(MAX_LISTED))),
        list(db.session.execute(actions.order_by(Action.id.desc()).limit(MAX_LISTED))),
    )


def upheld(suspension: Suspension) -> str | None:
    """Return why this suspension stands after its answer was read, or None before that."""
    if suspension.appeal_closed is None:
        return None
    reason = sa.select(Action.reason).where(
        Action.user_id == suspension.user_id, Action.kind == "uphold"
    )
    return db.session.scalar(reason.order_by(Action.id.desc()).limit(1))
