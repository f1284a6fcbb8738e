"""Users, as the keeper of the machine sees them."""

from datetime import timedelta

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.cli.output import Row, card, json_option, table
from app.database import now, writing
from app.database.copies.contents import revision
from app.extensions import db
from app.models import Identity, Invitation, Post, SignIn, User, followers
from app.models.moderation.actions import Suspension
from app.models.relationships import counts
from app.provider.models import Account

DAYS = (1, 7, 30)


@click.command("list")
@click.argument("part", default="")
@click.option("--role", type=click.Choice(["member", "moderator"]), help="Those alone.")
@json_option
def listing(part: str, role: str | None, as_json: bool) -> None:
    """List users, the oldest first, or those whose nickname has PART in it."""
    posts = sa.select(sa.func.count()).where(Post.user_id == User.id).scalar_subquery()
    suspended = sa.exists().where(Suspension.user_id == User.id, Suspension.is_in_force())
    rows = sa.select(
        User.id,
        User.nickname,
        User.role,
        User.joined,
        User.last_seen,
        posts.label("posts"),
        suspended.label("suspended"),
    ).order_by(User.id)
    if part:
        rows = rows.where(User.nickname_key.contains(part.lower(), autoescape=True))
    if role:
        rows = rows.where(User.role == role)
    table([dict(row) for row in db.session.execute(rows).mappings()], as_json)


@click.command("show")
@click.argument("nickname")
@json_option
def show(nickname: str, as_json: bool) -> None:
    """Print what there is to know of NICKNAME, but not what they wrote."""
    card(_described(found(nickname)), as_json)


@click.command("remove")
@click.argument("nickname")
def remove(nickname: str) -> None:
    """Delete the user NICKNAME with all posts, sign-ins and OpenIDs."""
    found(nickname).delete()
    click.echo(f"Removed {nickname}.")


@click.command("recount")
def recount() -> None:
    """Count anew how many follow whom, if `flask check` found that wrong."""
    with writing() as session:
        counts.recount(session)
    click.echo("Counted.")


def found(nickname: str) -> User:
    """Return the user of this name. Raises ClickException."""
    user = User.find(nickname)
    if user is None:
        raise click.ClickException(f"There is no user {nickname}.")
    return user


def _described(user: User) -> Row:
    suspension = Suspension.of(user.id)
    inviter = sa.select(User.nickname).join(Invitation, Invitation.inviter_id == User.id)
    identifiers = sa.select(Identity.identifier).where(Identity.user_id == user.id)
    return {
        "nickname": user.nickname,
        "id": user.id,
        "role": user.role,
        "joined": user.joined,
        "last_seen": user.last_seen,
        "invited_by": db.session.scalar(inviter.where(Invitation.user_id == user.id).limit(1)),
        "suspended": None if suspension is None else suspension.until or "for good",
        "posts": _count(Post, Post.user_id == user.id),
        "followers": _count(followers, followers.c.followed_id == user.id),
        "follows": _count(followers, followers.c.follower_id == user.id),
        "browsers": _count(SignIn, SignIn.user_id == user.id),
        "openids": list(db.session.scalars(identifiers.order_by(Identity.id))),
    }


@click.command("stats")
@json_option
@with_appcontext
def stats(as_json: bool) -> None:
    """Count users, posts and accounts."""
    told: Row = {
        "users": _count(User),
        "moderators": _count(User, User.role == "moderator"),
        "suspended": _count(Suspension, Suspension.is_in_force()),
    }
    for name, column in (("seen", User.last_seen), ("joined", User.joined)):
        for days in DAYS:
            told[f"{name}_{days}d"] = _count(User, column > now() - timedelta(days=days))
    told["posts"] = _count(Post)
    for days in DAYS:
        told[f"posts_{days}d"] = _count(Post, Post.timestamp > now() - timedelta(days=days))
    told["accounts"] = _count(Account, Account.deleted.is_(None))
    told["browsers"] = _count(SignIn)
    told["migration"] = revision(db.session.connection())
    card(told, as_json)


def _count(what, *conditions: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(what).where(*conditions)) or 0


commands = (listing, show, remove, recount)
