"""Transactions: one that writes, and the end of one that reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.extensions import db


@contextmanager
def writing() -> Iterator[Session]:
    """Write in one transaction: yields the session, commits at the end, rolls back on an error.

    It ends the read transaction that came before, so what was loaded earlier is
    read again on its next use. Changes made before it are thrown away: make them inside.
    """
    db.session.rollback()
    try:
        db.session.connection(execution_options={"writes": True})
        yield db.session()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def end_transaction() -> None:
    """End the read transaction, as before anything that waits on the network."""
    db.session.rollback()
