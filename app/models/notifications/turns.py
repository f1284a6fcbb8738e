"""What a user chooses in two tabs at once is chosen one after the other."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

_user = sa.table("user", sa.column("id"))


def take_turns(session: Session, user_id: int) -> bool:
    """Wait for whoever changes the same for this user; return whether the user is still there.

    Belongs inside `writing()`, which it holds for.
    """
    row = sa.select(_user.c.id).where(_user.c.id == user_id)
    return session.scalar(row.with_for_update(key_share=True)) is not None
