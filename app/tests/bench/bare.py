"""The page that app.tests.bench.pages holds others against: what one would write first.

It is the plainest Flask application, with one route, no extension and no cache, and one
template that shows the same 25 posts from a list of plain objects in memory: addresses
by url_for, times by strftime, and texts escaped and linked by Jinja's own `urlize`, which
is a third to a half of what it costs.
"""

import html
import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Flask, render_template
from jinja2 import DictLoader

from app.models.avatars import avatar_url
from app.rendering import dates
from app.rendering.posts.cards import AVATAR_SIZE, card, linked

FRAME = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{% block title %}Posts{% endblock %} · microblog</title>
  <link rel="stylesheet" href="{{ url_for('static', filename='style.css') }}">
</head>
<body>
  <header>
    <a href="{{ url_for('index') }}">microblog</a>
    <nav>
      <a href="{{ url_for('index') }}">Home</a>
      <a href="{{ url_for('explore') }}">Explore</a>
      <a href="{{ url_for('user', nickname=reader) }}">Profile</a>
    </nav>
  </header>
  <main>
    <h1>Posts</h1>
    <div class="posts">
    {% block posts %}{% endblock %}
    </div>
    <nav><a href="{{ url_for('index', older=posts[-1].id) }}" rel="next">Older</a></nav>
  </main>
</body>
</html>
"""
BARE = """{% extends "frame.html" %}
{% block posts %}
{% for post in posts %}
<article>
  <img src="{{ post.avatar }}" width="48" height="48" alt="">
  <header>
    <a href="{{ url_for('user', nickname=post.author) }}">{{ post.author }}</a>
    <a href="{{ url_for('post', post_id=post.id) }}"><time datetime="{{ post.timestamp.isoformat(timespec='seconds') }}">{{ post.timestamp.strftime("%-d %B %Y, %H:%M UTC") }}</time></a>
    {% if post.edited %}
    edited <time datetime="{{ post.edited.isoformat(timespec='seconds') }}">{{ post.edited.strftime("%-d %B %Y, %H:%M UTC") }}</time>
    {% endif %}
  </header>
  <p class="body">{{ post.body|urlize(rel="nofollow ugc noopener") }}</p>
  {% if post.author == reader %}
  <p><a href="{{ url_for('edit', post_id=post.id) }}">Edit</a> <a href="{{ url_for('delete', post_id=post.id) }}">Delete</a></p>
  {% endif %}
</article>
{% endfor %}
{% endblock %}
"""  # noqa: E501
# The same from values that need nothing but to be put in.
READY = """{% extends "frame.html" %}
{% block posts %}
{% for card in posts %}
<article>
  <img src="{{ card.gravatar or card.drawn_avatar }}" width="48" height="48" alt="">
  <header>
    <a href="{{ card.author_url }}">{{ card.author }}</a>
    <a href="{{ card.url }}">{{ times[card.id] }}</a>
  </header>
  <p class="body">{{ texts[card.id] }}</p>
</article>
{% endfor %}
{% endblock %}
"""


@dataclass
class Post:
    id: int
    author: str
    avatar: str
    timestamp: datetime
    edited: datetime | None
    body: str


def bare_app(rows: list[sa.Row], reader: str) -> Flask:
    """Return an application that shows the posts `rows`: at / bare, at /ready from ready values.

    It takes an application context of the site to make them.
    """
    posts = [
        Post(
            row.id,
            row.nickname,
            avatar_url(row.email, row.avatar_seed, AVATAR_SIZE),
            row.timestamp,
            row.edited,
            row.body,
        )
        for row in rows
    ]
    ready = [card(row) for row in rows]
    texts = {row.id: linked(row) for row in rows}
    times = {row.id: dates.html(row.timestamp) for row in rows}
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"frame.html": FRAME, "bare.html": BARE, "ready.html": READY})

    @app.get("/")
    def index():
        return render_template("bare.html", posts=posts, reader=reader)

    @app.get("/ready")
    def show_ready():
        return render_template("ready.html", posts=ready, texts=texts, times=times, reader=reader)

    for rule, name in (
        ("/explore", "explore"),
        ("/user/<nickname>", "user"),
        ("/post/<int:post_id>", "post"),
        ("/post/<int:post_id>/edit", "edit"),
        ("/post/<int:post_id>/delete", "delete"),
    ):
        app.add_url_rule(rule, name, lambda **values: "")
    return app


def require_same_words(page: bytes, other: bytes) -> None:
    """Raise AssertionError when the articles of two pages do not say the same."""
    words, others = _words(page.decode()), _words(other.decode())
    if words != others:
        raise AssertionError(f"{words}\n\nis not\n\n{others}")


def _words(page: str) -> list[str]:
    """Return what the articles of a page say, with each time as machines read it."""
    told = []
    for article in re.findall("<article.*?</article>", page, re.DOTALL):
        article = re.sub(r'<span class="unseen">.*?</span>', "", article)
        article = re.sub(r'<time datetime="([^"]*)".*?</time>', r"\1", article)
        told.append(" ".join(html.unescape(re.sub("<[^>]+>", "", article)).split()))
    return told
