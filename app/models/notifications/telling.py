"""Who hears of a post: whom it mentions, whom it replies to, who follows its conversation."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import now
from app.models.notifications.notification import Notification
from app.models.posts import contents
from app.models.relationships.blocks import Block

# As far as they are needed here: these models know of posts, and stand above this module.
_user = sa.table("user", sa.column("id"), sa.column("nickname_key"))
_hidden = sa.table("hidden_post", sa.column("post_id"))
_suspension = sa.table("suspension", sa.column("user_id"), sa.column("until"))

# The kind of each who may hear of a post, by their ids.
Kinds = dict[int, str]


def hearers(session: Session, author_id: int, body: str) -> Kinds:
    """Return who may hear of a post with this body.

    They and the author are held until the transaction ends: nobody blocks anybody meanwhile.
    So it has to come before the post is written, which holds the author alone.
    """
    keys = contents.mentions_in(body)
    if not keys:
        return {}
    people = (
        sa.select(_user.c.id, _user.c.nickname_key)
        .where(sa.or_(_user.c.id == author_id, _user.c.nickname_key.in_(keys)))
        .order_by(_user.c.id)
        .with_for_update(read=True, key_share=True)
    )
    ids = {row.nickname_key: row.id for row in session.execute(people)}
    kinds = {ids[name]: "mention" for name in contents.mentioned(body, ids)}
    kinds.pop(author_id, None)
    return kinds


def tell_of_post(session: Session, post_id: int, author_id: int, kinds: Kinds) -> None:
    """Tell the `hearers` of a post, but for those who do not want to, or have heard of it."""
    if not kinds:
        return
    block = sa.or_(
        sa.and_(Block.blocker_id == author_id, Block.blocked_id == _user.c.id),
        sa.and_(Block.blocker_id == _user.c.id, Block.blocked_id == author_id),
    )
    in_force = sa.or_(_suspension.c.until.is_(None), _suspension.c.until > now())
    told = sa.and_(Notification.post_id == post_id, Notification.user_id == _user.c.id)
    unseen = (
        sa.exists().where(_hidden.c.post_id == post_id),
        sa.exists().where(_suspension.c.user_id == author_id, in_force),
        sa.exists().where(block),
        sa.exists().where(told),
    )
    rows = sa.select(_user.c.id).where(_user.c.id.in_(kinds), *map(sa.not_, unseen))
    hearing = session.scalars(rows).all()
    Notification.tell_each(
        session, {user_id: kinds[user_id] for user_id in hearing}, "", author_id, post_id
    )


def tell_of_edit(
    session: Session, post_id: int, author_id: int, kinds: Kinds, body: str, old_body: str
) -> None:
    """Tell whom a post mentions only now, and take back the mention of whom it does no more.

    `kinds` are its `hearers`. Who is mentioned once more is not told once more.
    """
    keys = contents.mentions_in(old_body)
    people = sa.select(_user.c.id, _user.c.nickname_key).where(_user.c.nickname_key.in_(keys))
    ids = {row.nickname_key: row.id for row in session.execute(people)} if keys else {}
    before = {ids[name] for name in contents.mentioned(old_body, ids)}
    _turn(session, post_id, "mention", "withdrawn", before - set(kinds))
    _turn(session, post_id, "withdrawn", "mention", set(kinds))
    # Not even when theirs has made room for others.
    new = {user_id: kind for user_id, kind in kinds.items() if user_id not in before}
    tell_of_post(session, post_id, author_id, new)


def _turn(session: Session, post_id: int, old: str, new: str, users: set[int]) -> None:
    which = Notification.post_id == post_id, Notification.kind == old
    if users:
        session.execute(
            sa.update(Notification).where(*which, Notification.user_id.in_(users)).values(kind=new)
        )
