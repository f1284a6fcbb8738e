"""The address that the OpenIDs of this site's own accounts carry, and what follows when it changes.

A user is found by the whole OpenID, address and all: under another SITE_URL everybody would be
somebody new.
"""

import ipaddress
from collections import Counter
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import writing
from app.database.in_use import InUse, unused
from app.extensions import Model, db
from app.failures.handlers import logged_start
from app.models import Identity, User
from app.models.joining.applications import Application
from app.models.names import RefusedIdentifier
from app.provider.models import Account
from config import SettingError

# There is one row.
ONLY = 1


class SiteAddress(Model):
    """The address that the OpenIDs here carry: that of the last start."""

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(sa.String(300))


class AddressTaken(Exception):
    """Somebody else has the OpenID that one would become; its text says whom to remove."""


def settle(app: Flask) -> None:
    """See to it that the OpenIDs here are those of SITE_URL, before anybody signs in.

    From one loopback address to another they are moved. Raises SettingError when they are of
    another address.
    """
    with logged_start(app), app.app_context():
        new, old = app.config["SITE_URL"], carried()
        if old == new:
            _remember_if_it_can_be_written(new)
        elif not (_is_loopback(old) and _is_loopback(new)):
            raise SettingError(
                f"SITE_URL is {new}, but the accounts of this site sign in as {old}/id/…: set it "
                f"to that again, or run `flask site move {old} {new}`."
            )
        else:
            require_unused()
            try:
                count = move(old, new)
            except AddressTaken as error:
                raise SettingError(f"SITE_URL is {new}, and was {old}: {error}") from error
            app.logger.warning("moved %d OpenIDs of this site from %s to %s", count, old, new)
        db.session.remove()


def require_unused() -> None:
    """Raise SettingError while a process of the site runs: it would go on with the old address."""
    db.session.remove()
    db.engine.dispose()
    try:
        with unused(db.engine.url):
            pass
    except InUse as error:
        raise SettingError(f"SITE_URL cannot change now. {error}") from error


def carried() -> str:
    """Return the address that the OpenIDs here carry; without any, that of SITE_URL."""
    site_url = current_app.config["SITE_URL"]
    address = db.session.scalar(sa.select(SiteAddress.address))
    if address is not None and _has_any(address):
        return address
    # Before it was kept. Other sites have OpenIDs of this form too: some that are surely ours
    # decide, and else the most that an account here could have.
    if address is not None or _has_any(site_url):
        return site_url
    keys = set(db.session.scalars(sa.select(Account.username_key)))
    found = db.session.scalars(
        sa.select(Identity.identifier).where(Identity.identifier.contains("/id/"))
    )
    parts = [identifier.rpartition("/id/") for identifier in found]
    counted = Counter(address for address, _, key in parts if key in keys)
    return counted.most_common(1)[0][0] if counted else site_url


def move(old: str, new: str) -> int:
    """Let all OpenIDs of this site's accounts at `old` be at `new`, and return how many.

    Who waits to join and who may not come back are known by theirs too. Raises AddressTaken,
    and changes nothing, when one at `new` is somebody else's.
    """
    with writing() as session:
        _require_free(session, old, new)
        moved = session.execute(
            sa.update(Identity)
            .where(Identity.identifier.in_(_own(old)))
            .values(identifier=_moved(Identity.identifier, old, new))
            .execution_options(synchronize_session=False)
            .returning(Identity.id)
        )
        count = len(moved.all())
        # Asked again at the new address before it was moved: that is the one that holds.
        waiting = sa.select(Application.identifier)
        session.execute(
            sa.delete(Application)
            .where(
                Application.identifier.in_(_own(old)),
                _moved(Application.identifier, old, new).in_(waiting),
            )
            .execution_options(synchronize_session=False)
        )
        session.execute(
            sa.update(Application)
            .where(Application.identifier.in_(_own(old)))
            .values(identifier=_moved(Application.identifier, old, new))
            .execution_options(synchronize_session=False)
        )
        _move_refused(session, old, new)
        _remember(session, new)
    return count


def has_own(address: str) -> bool:
    """Return whether any account here has an OpenID at `address`."""
    return _has_any(address)


def _own(address: str) -> sa.Select:
    """Return the statement for the OpenIDs that accounts here have at `address`."""
    return sa.select(sa.literal(f"{address}/id/") + Account.username_key)


def _has_any(address: str) -> bool:
    own = sa.exists().where(Identity.identifier.in_(_own(address)))
    return bool(db.session.scalar(sa.select(own)))


def _moved(identifier, old: str, new: str):
    return sa.literal(new) + sa.func.substr(identifier, len(old) + 1)


def _require_free(session: Session, old: str, new: str) -> None:
    before, after = sa.orm.aliased(Identity), sa.orm.aliased(Identity)
    taken = session.execute(
        sa.select(before.identifier, User.nickname)
        .join(after, after.identifier == _moved(before.identifier, old, new))
        .join(User, User.id == after.user_id)
        .where(before.identifier.in_(_own(old)))
        .order_by(User.nickname)
        .limit(10)
    ).all()
    if taken:
        names = ", ".join(row.nickname for row in taken)
        raise AddressTaken(
            f"with the same accounts others came in at the new address: {names}. Remove them first "
            "(`flask user remove NICKNAME`), unless they are the ones to keep."
        )


def _move_refused(session: Session, old: str, new: str) -> None:
    refused = set(session.scalars(sa.select(RefusedIdentifier.identifier_hash)))
    if not refused:
        return
    for key in session.scalars(sa.select(Account.username_key)).all():
        if RefusedIdentifier.digest(f"{old}/id/{key}") in refused:
            RefusedIdentifier.refuse(session, [f"{new}/id/{key}"])


def _remember_if_it_can_be_written(address: str) -> None:
    if db.session.scalar(sa.select(SiteAddress.address)) == address:
        return
    try:
        with writing() as session:
            _remember(session, address)
    except SQLAlchemyError as error:
        # Another process did, or nothing can be written now: there is another start.
        reason = type(error).__name__
        current_app.logger.info("the site's address was not noted: %s", reason)


def _remember(session: Session, address: str) -> None:
    session.merge(SiteAddress(id=ONLY, address=address))


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
