"""Who invited whom: a member's own invitations, and the tree of members."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import Invitation, User
from app.models.joining.invitations import MAX_OPEN_INVITATIONS
from app.queries.pagination import LIMIT, Bounds, Page, bidirectional, page_of, read

# Of those whom somebody brought, a branch of the tree shows so many, and then leads on.
MAX_TWIGS = 8

_guest = aliased(User)

# Who came by an invitation of :inviter, the last first.
GUESTS = bidirectional(
    lambda downwards: page_of(
        sa.select(Invitation.id, User.nickname, Invitation.used)
        .join(User, User.id == Invitation.user_id)
        .where(Invitation.inviter_id == sa.bindparam("inviter")),
        Invitation.id,
        downwards,
    )
)


def open_of(inviter_id: int) -> list[Invitation]:
    """Return a user's open invitations, the newest first, at most as many as a page has."""
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .where(Invitation.inviter_id == inviter_id, Invitation.is_open())
            .order_by(Invitation.id.desc())
            .limit(max(LIMIT, MAX_OPEN_INVITATIONS))
        )
    )


def guests(inviter_id: int, bounds: Bounds) -> Page:
    """Return a page of who came by a user's invitations, with `nickname` and `used`."""
    return read(GUESTS, bounds, inviter=inviter_id)


_BROUGHT = sa.select(Invitation.inviter_id).where(
    Invitation.user_id.is_not(None), Invitation.inviter_id.is_not(None)
)
# Who brought somebody, and was not brought by a member who is still here.
ROOTS = bidirectional(
    lambda downwards: page_of(
        sa.select(User.id, User.nickname).where(
            User.id.in_(_BROUGHT),
            ~sa.exists().where(Invitation.user_id == User.id, Invitation.inviter_id.is_not(None)),
        ),
        User.id,
        downwards,
    )
)
BRANCHES = bidirectional(
    lambda downwards: page_of(
        sa.select(User.id, User.nickname)
        .join(Invitation, Invitation.user_id == User.id)
        .where(Invitation.inviter_id == sa.bindparam("inviter")),
        User.id,
        downwards,
    )
)


def _twigs() -> sa.Select:
    numbered = (
        sa.select(
            Invitation.inviter_id,
            Invitation.user_id,
            sa.func.row_number()
            .over(partition_by=Invitation.inviter_id, order_by=Invitation.id)
            .label("number"),
        )
        .where(
            Invitation.inviter_id.in_(sa.bindparam("inviters", expanding=True)),
            Invitation.user_id.is_not(None),
        )
        .subquery()
    )
    leads_on = sa.exists().where(
        Invitation.inviter_id == numbered.c.user_id, Invitation.user_id.is_not(None)
    )
    return (
        sa.select(numbered.c.inviter_id, _guest.nickname, leads_on.label("leads_on"))
        .join(_guest, _guest.id == numbered.c.user_id)
        # One more than is shown tells that there are more.
        .where(numbered.c.number <= MAX_TWIGS + 1)
        .order_by(numbered.c.inviter_id, numbered.c.number)
    )


TWIGS = _twigs()


def branches(inviter_id: int | None, bounds: Bounds) -> Page:
    """Return a page of those whom a user brought; without one, of those at the roots."""
    if inviter_id is None:
        return read(ROOTS, bounds)
    return read(BRANCHES, bounds, inviter=inviter_id)


def twigs(people: list[sa.Row]) -> dict[int, list[sa.Row]]:
    """Return for the id of each of these people whom they brought, at most MAX_TWIGS and one."""
    found: dict[int, list[sa.Row]] = {}
    ids = {"inviters": [person.id for person in people]}
    for row in db.session.connection().execute(TWIGS, ids):
        found.setdefault(row.inviter_id, []).append(row)
    return found
