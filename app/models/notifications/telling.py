"""Who hears of a post: whom it replies to or mentions, and who follows its conversation."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import now
from app.models.notifications.conversations import MAX_LISTENERS, ConversationChoice
from app.models.notifications.notification import Notification
from app.models.posts import contents
from app.models.relationships.blocks import Block

# As far as they are needed here: these models know of posts, and stand above this module.
_user = sa.table("user", sa.column("id"), sa.column("nickname_key"))
_post = sa.table("post", sa.column("id"), sa.column("user_id"), sa.column("thread_id"))
_hidden = sa.table("hidden_post", sa.column("post_id"))
_suspension = sa.table("suspension", sa.column("user_id"), sa.column("until"))

# The kind of each who may hear of a post, by their ids.
Kinds = dict[int, str]


class Told(NamedTuple):
    """What of a post decides who hears of it."""

    post_id: int
    author_id: int
    thread_id: int


def hearers(session: Session, author_id: int, body: str, reply_to_id: int | None = None) -> Kinds:
    """Return who may hear of a post with this body that replies to another one, or to none.

    They and the author are held until the transaction ends: nobody blocks anybody meanwhile.
    So it has to come before any post is written or held, as with whoever decides about both.
    """
    keys = contents.mentions_in(body)
    if not keys and reply_to_id is None:
        return {}
    row = sa.select(_post.c.user_id, _post.c.thread_id).where(_post.c.id == reply_to_id)
    answered = None if reply_to_id is None else session.execute(row).first()
    kinds: Kinds = {}
    if answered:
        listeners = (
            sa.select(ConversationChoice.user_id)
            .where(ConversationChoice.thread_id == answered.thread_id, ConversationChoice.hears)
            .order_by(ConversationChoice.since)
            .limit(MAX_LISTENERS)
        )
        kinds |= dict.fromkeys(session.scalars(listeners), "conversation")
        kinds[answered.user_id] = "reply"
    people = (
        sa.select(_user.c.id, _user.c.nickname_key)
        .where(sa.or_(_user.c.id.in_({author_id, *kinds}), _user.c.nickname_key.in_(keys)))
        .order_by(_user.c.id)
        .with_for_update(read=True, key_share=True)
    )
    ids = {row.nickname_key: row.id for row in session.execute(people)}
    for name in contents.mentioned(body, ids):
        if kinds.get(ids[name]) != "reply":
            kinds[ids[name]] = "mention"
    kinds.pop(author_id, None)
    # Somebody may have left before they were held.
    return {user_id: kind for user_id, kind in kinds.items() if user_id in ids.values()}


def tell_of_post(session: Session, told: Told, kinds: Kinds) -> None:
    """Notify the `hearers` of a post, but for those who do not want to, or have heard of it."""
    if not kinds:
        return
    author_id = told.author_id
    block = sa.or_(
        sa.and_(Block.blocker_id == author_id, Block.blocked_id == _user.c.id),
        sa.and_(Block.blocker_id == _user.c.id, Block.blocked_id == author_id),
    )
    stopped = sa.and_(
        ConversationChoice.user_id == _user.c.id,
        ConversationChoice.thread_id == told.thread_id,
        sa.not_(ConversationChoice.hears),
    )
    in_force = sa.or_(_suspension.c.until.is_(None), _suspension.c.until > now())
    unheard = (
        sa.exists().where(_hidden.c.post_id == told.post_id),
        sa.exists().where(_suspension.c.user_id == author_id, in_force),
        sa.exists().where(block),
        sa.exists().where(stopped),
        sa.exists().where(Notification.post_id == told.post_id, Notification.user_id == _user.c.id),
    )
    rows = sa.select(_user.c.id).where(_user.c.id.in_(kinds), *map(sa.not_, unheard))
    hearing = {user_id: kinds[user_id] for user_id in session.scalars(rows)}
    Notification.tell_each(session, hearing, "", author_id, told.post_id)


def tell_of_edit(session: Session, told: Told, kinds: Kinds, body: str, old_body: str) -> None:
    """Notify whom a post mentions only now, and take back the mention of whom it does no more.

    `kinds` are its `hearers`. Who is mentioned once more is not told once more.
    """
    keys = contents.mentions_in(old_body)
    people = sa.select(_user.c.id, _user.c.nickname_key).where(_user.c.nickname_key.in_(keys))
    ids = {row.nickname_key: row.id for row in session.execute(people)} if keys else {}
    before = {ids[name] for name in contents.mentioned(old_body, ids)}
    _turn(session, told.post_id, "mention", "withdrawn", before - set(kinds))
    _turn(session, told.post_id, "withdrawn", "mention", set(kinds))
    # Not even when theirs has made room for others.
    new = {user_id: kind for user_id, kind in kinds.items() if user_id not in before}
    tell_of_post(session, told, new)


def _turn(session: Session, post_id: int, old: str, new: str, users: set[int]) -> None:
    which = Notification.post_id == post_id, Notification.kind == old
    if users:
        session.execute(
            sa.update(Notification).where(*which, Notification.user_id.in_(users)).values(kind=new)
        )
