"""Posts as pages show them: links made, times told, addresses built once for each author."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from flask import url_for
from flask_login import current_user
from markupsafe import Markup

from app.database import now
from app.models.avatars import avatar_url, drawn_avatar_url
from app.queries.conversations.replies import MAX_COUNTED
from app.queries.timelines import PostRow
from app.rendering import dates, linkify

# In pixels of the page; on a profile it is larger.
AVATAR_SIZE = 48


class Card(NamedTuple):
    """One post, ready for a template."""

    id: int
    url: str
    body: str
    html: Markup
    author: str
    author_url: str
    # A drawn picture, and the Gravatar that lies on it if there is one.
    drawn_avatar: str
    gravatar: str | None
    time: Markup
    edited: Markup | None
    is_own: bool
    # Why only its author, who is reading, still sees it.
    hidden_reason: str | None
    # Written elsewhere, and brought here by its author.
    is_brought: bool
    # The address of the post that it answers, if it does, and who wrote that one, if the reader
    # sees it.
    reply_url: str | None
    reply_to: str | None
    # Such as "3 replies", or nothing.
    replies: str


# Why a post is not shown in its place, by what queries/conversations/pages.py says of it.
GONE = {
    "deleted": "A post deleted by its author",
    "removed": "A post deleted by a moderator",
    "hidden": "A post hidden by a moderator",
    "blocked": "A post by a person whom you have blocked",
    "suspended": "A post by a person who is suspended",
    "unseen": "A post that you do not see",
}


def counted(replies: int) -> str:
    """Return how many replies there are, as a link says it."""
    if replies > MAX_COUNTED:
        return f"{MAX_COUNTED}+ replies"
    return "1 reply" if replies == 1 else f"{replies} replies"


# What many people read at once is made once; it depends on nothing else than these.
linked = lru_cache(maxsize=4096)(
    lambda body, mentioned, user_url, tag_url: linkify.render(
        body, mentioned.split(), user_url, tag_url
    )
)


def cards(rows: Iterable[PostRow], mark: Callable[[str], str] | None = None) -> list[Card]:
    """Return the cards of these posts; `mark` makes HTML of text that is no link."""
    signed_in = current_user.is_authenticated
    reader = current_user.id if signed_in else None
    # A page for everybody tells a time that stays true while it lies in a cache.
    moment: datetime | None = now() if signed_in else None
    post_url = url_for("posts.post", post_id=0)[:-1]
    user_url = url_for("profiles.user", nickname="-")[:-1]
    tag_url = url_for("explore.tag", name="-")[:-1]
    pictures: dict[int, tuple[str, str | None]] = {}
    made = []
    for post in rows:
        if post.user_id not in pictures:
            drawn = drawn_avatar_url(post.avatar_seed)
            gravatar = avatar_url(post.email, post.avatar_seed, AVATAR_SIZE)
            pictures[post.user_id] = drawn, gravatar if gravatar != drawn else None
        mentioned, answered = post.mentioned or "", post.reply_to_id
        if mark is None:
            html = linked(post.body, mentioned, user_url, tag_url)
        else:
            html = linkify.render(post.body, mentioned.split(), user_url, tag_url, mark)
        made.append(
            Card(
                post.id,
                f"{post_url}{post.id}",
                post.body,
                html,
                post.nickname,
                user_url + post.nickname,
                *pictures[post.user_id],
                dates.html(post.timestamp, moment, "dt-published"),
                dates.html(post.edited, moment, "dt-updated") if post.edited else None,
                post.user_id == reader,
                post.hidden_reason,
                post.id < 0,
                f"{post_url}{answered}#post-{answered}" if answered else None,
                post.reply_to_name,
                counted(post.replies) if post.replies else "",
            )
        )
    return made
