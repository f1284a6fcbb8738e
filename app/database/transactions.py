"""Transactions: one that writes, and the end of one that reads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy.orm import Session

from app.database.turns import Turns
from app.extensions import db

# Seconds that a write waits for those of its own process; see BUSY_SECONDS of engine.py.
TURN_SECONDS = 5

# SQLite has one writer at a time, and lets those who wait try at moments of chance, so that of
# many somebody always waits too long.
_turns = Turns()


def _begin_anew() -> None:
    # A process that is forked while somebody writes would wait for a thread it does not have.
    global _turns
    _turns = Turns()


os.register_at_fork(after_in_child=_begin_anew)


@contextmanager
def writing() -> Iterator[Session]:
    """Write in one transaction: yields the session, commits at the end, rolls back on an error.

    It ends the read transaction that came before, so what was loaded earlier is
    read again on its next use. Changes made before it are thrown away: make them inside.
    Raises turns.Busy when there is no turn to write in time.
    """
    db.session.rollback()
    is_sqlite = db.engine.dialect.name == "sqlite"
    with _turns.turn(TURN_SECONDS) if is_sqlite else nullcontext():
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
