"""What ends together: sign-ins here and at our own provider, and all that hangs on an OpenID.

Each of these stands inside `writing`, as a part of what its caller changes.
"""

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from app.models.emails import links
from app.models.emails.links import MailedLink
from app.models.moderation.actions import Suspension
from app.models.moderation.reports import Report, take_turns
from app.models.names import RefusedIdentifier, ReservedName
from app.models.notifications.feeds import PrivateFeed
from app.models.posts.post import DeletedPost, Post
from app.models.sign_ins import ACCOUNT_SIGN_IN, Identity, SignIn, SignInEnded

# As far as it is needed here; the table is there even when the provider is off.
ACCOUNT = sa.table("account", sa.column("id"), sa.column("username_key"), sa.column("deleted"))
USER = sa.table("user", sa.column("id"), sa.column("nickname"), sa.column("nickname_key"))
CLAIMED = sa.select(SignIn.account_sign_in_id).where(SignIn.account_sign_in_id.is_not(None))


def own_identifier(username_key: str) -> str:
    """Return the OpenID of an account of this site; needs no request, and no provider."""
    return f"{current_app.config['SITE_URL']}/id/{username_key}"


def hold_account(session: Session, identifier: str) -> None:
    """Let nobody delete the account of this site behind an OpenID before the transaction ends.

    Raises SignInEnded when it is deleted: with it nobody could sign in.
    """
    key = identifier.removeprefix(own_identifier(""))
    if key != identifier:
        row = sa.select(ACCOUNT.c.deleted).where(ACCOUNT.c.username_key == key)
        if session.scalar(row.with_for_update(read=True)) is not None:
            raise SignInEnded


def hangs_on(identifier: str) -> sa.ColumnElement[bool]:
    """Return the condition for the sign-ins that an OpenID began, or may have begun."""
    identity = sa.select(Identity).where(Identity.identifier == identifier).subquery()
    unknown = sa.and_(
        SignIn.identity_id.is_(None), SignIn.user_id.in_(sa.select(identity.c.user_id))
    )
    return sa.or_(SignIn.identity_id.in_(sa.select(identity.c.id)), unknown)


def ways_in(session: Session, user_id: int) -> set[int]:
    """Return the ids of the OpenIDs with which a user can sign in, as far as this site knows.

    Those of our own provider are none while it is off, or once their account is deleted.
    """
    start = own_identifier("")
    own = sa.select(Identity.id, Identity.identifier).where(Identity.user_id == user_id)
    identifiers = {row.id: row.identifier for row in session.execute(own)}
    here = {one for one, identifier in identifiers.items() if identifier.startswith(start)}
    if current_app.config["PROVIDER"] == "off":
        return set(identifiers) - here
    keys = [identifiers[one].removeprefix(start) for one in here]
    gone = sa.select(ACCOUNT.c.username_key).where(
        ACCOUNT.c.username_key.in_(keys), ACCOUNT.c.deleted.is_not(None)
    )
    dead = {start + key for key in session.scalars(gone)}
    return {one for one, identifier in identifiers.items() if identifier not in dead}


def is_last_way_in(session: Session, identifier: str) -> bool:
    """Return whether a user here could not sign in without this OpenID; locks that user."""
    found = session.execute(
        sa.select(Identity.id, Identity.user_id).where(Identity.identifier == identifier)
    ).first()
    if found is None:
        return False
    session.execute(sa.select(USER.c.id).where(USER.c.id == found.user_id).with_for_update())
    return not ways_in(session, found.user_id) - {found.id}


def sign_out(session: Session, which: sa.ColumnElement[bool], keep: int | None = None) -> None:
    """Delete the sign-ins of `which`, except the one of the id `keep`.

    Those at our own provider in the same browsers end too, and with them what else came from
    there for the same users: one press would bring it back without a password.
    """
    others = sa.true() if keep is None else SignIn.id != keep
    ending = session.execute(
        sa.select(SignIn.id, SignIn.user_id, SignIn.account_sign_in_id, Identity.identifier)
        .outerjoin(Identity, Identity.id == SignIn.identity_id)
        .where(which, others)
    ).all()
    at_provider = {row.account_sign_in_id for row in ending} - {None}
    for user_id in {row.user_id for row in ending if _came_from_somewhere(row)}:
        at_provider |= _at_provider(session, user_id, ACCOUNT_SIGN_IN.c.id.not_in(CLAIMED))
    _lock(session, at_provider)
    gone = sa.or_(
        SignIn.id.in_([row.id for row in ending]),
        sa.and_(
            SignIn.account_sign_in_id.in_(at_provider),
            SignIn.user_id.in_({row.user_id for row in ending}),
        ),
    )
    session.execute(sa.delete(SignIn).where(gone, others))
    session.execute(sa.delete(ACCOUNT_SIGN_IN).where(ACCOUNT_SIGN_IN.c.id.in_(at_provider)))


def sign_out_everywhere(session: Session, user_id: int) -> None:
    """Delete all sign-ins of a user, and all at our own provider with accounts that are theirs.

    The addresses of their private feeds end too, and links that confirm an address.
    """
    PrivateFeed.end(session, user_id)
    links.end_confirming(session, MailedLink.user_id == user_id)
    at_provider = _at_provider(session, user_id, sa.true())
    _lock(session, at_provider)
    session.execute(sa.delete(ACCOUNT_SIGN_IN).where(ACCOUNT_SIGN_IN.c.id.in_(at_provider)))
    sign_out(session, SignIn.user_id == user_id)


def delete_user(session: Session, user_id: int, refuse_identifiers: bool = False) -> None:
    """Delete a user with all that is theirs; see User.delete."""
    take_turns(session)
    row = sa.select(USER.c.nickname, USER.c.nickname_key).where(USER.c.id == user_id)
    user = session.execute(row.with_for_update()).first()
    if user is None:
        return
    Report.close_with(session, user_id, user.nickname)
    sign_out_everywhere(session, user_id)
    # Nobody gets out of a suspension by having themselves removed.
    if refuse_identifiers or Suspension.of(user_id):
        own = sa.select(Identity.identifier).where(Identity.user_id == user_id)
        RefusedIdentifier.refuse(session, list(session.scalars(own)))
    if refuse_identifiers:
        DeletedPost.by_a_moderator(session, Post.user_id == user_id)
    ReservedName.keep_for_good(session, user.nickname_key, user_id)
    session.execute(sa.delete(USER).where(USER.c.id == user_id))


def _came_from_somewhere(row: sa.Row) -> bool:
    # It began before the provider's sign-in was kept: that may be any that no other claims.
    own = row.identifier is None or row.identifier.startswith(own_identifier(""))
    return own and row.account_sign_in_id is None


def _at_provider(session: Session, user_id: int, which: sa.ColumnElement[bool]) -> set[int]:
    """Return the ids of the sign-ins at our own provider with accounts of a user."""
    start = own_identifier("")
    own = session.scalars(
        sa.select(Identity.identifier).where(
            Identity.user_id == user_id, Identity.identifier.startswith(start, autoescape=True)
        )
    )
    keys = [identifier.removeprefix(start) for identifier in own]
    found = (
        sa.select(ACCOUNT_SIGN_IN.c.id)
        .join(ACCOUNT, ACCOUNT.c.id == ACCOUNT_SIGN_IN.c.account_id)
        .where(ACCOUNT.c.username_key.in_(keys), which)
    )
    return set(session.scalars(found))


def _lock(session: Session, at_provider: set[int]) -> None:
    # On PostgreSQL whoever begins a sign-in from there is waited for, and seen afterwards.
    rows = sa.select(ACCOUNT_SIGN_IN.c.id).where(ACCOUNT_SIGN_IN.c.id.in_(at_provider))
    session.execute(rows.order_by(ACCOUNT_SIGN_IN.c.id).with_for_update())
