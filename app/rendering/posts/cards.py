"""Posts as pages tell them: their links made, and the addresses that lead to and from them."""

from typing import NamedTuple

from flask import url_for
from markupsafe import Markup

from app.models.avatars import avatar_url, drawn_avatar_url
from app.queries.conversations.replies import MAX_COUNTED
from app.queries.timelines import PostRow
from app.rendering.posts import linkify
from app.rendering.posts.linkify import Escape, escape

# In pixels of the page; on a profile it is larger.
AVATAR_SIZE = 48


class Card(NamedTuple):
    """One post, ready for a template. It depends on its row alone, and not on who reads it."""

    id: int
    url: str
    body: str
    author: str
    author_url: str
    # A drawn picture, and the Gravatar that lies on it if there is one.
    drawn_avatar: str
    gravatar: str | None
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


def linked(post: PostRow, mark: Escape = escape) -> Markup:
    """Return the text of a post with its links; `mark` makes HTML of text that is none."""
    user_url = url_for("profiles.user", nickname="-")[:-1]
    tag_url = url_for("explore.tag", name="-")[:-1]
    return linkify.render(post.body, (post.mentioned or "").split(), user_url, tag_url, mark)


def card(post: PostRow) -> Card:
    """Return the card of a post."""
    post_url = url_for("posts.post", post_id=0)[:-1]
    drawn = drawn_avatar_url(post.avatar_seed)
    gravatar = avatar_url(post.email, post.avatar_seed, AVATAR_SIZE)
    answered = post.reply_to_id
    return Card(
        post.id,
        f"{post_url}{post.id}",
        post.body,
        post.nickname,
        url_for("profiles.user", nickname=post.nickname),
        drawn,
        gravatar if gravatar != drawn else None,
        post.hidden_reason,
        post.id < 0,
        f"{post_url}{answered}#post-{answered}" if answered else None,
        post.reply_to_name,
        counted(post.replies) if post.replies else "",
    )
