"""d: the page whose cost is one. It is fixed, and no page of the site has a part in it.

A Flask route renders one template of 25 posts that lie in memory as ready values: author, picture,
time, and the text already linked. It does one `url_for` an author, and has no session, form,
database or cache: 10.7 KB of HTML. `app` can be served by itself.
"""

from typing import NamedTuple

from flask import Flask, render_template
from jinja2 import DictLoader
from markupsafe import Markup

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Posts · microblog</title>
  <link rel="stylesheet" href="/static/style.css">
</head>
<body>
  <header>
    <a href="/">microblog</a>
    <nav><a href="/">Home</a> <a href="/explore">Explore</a> <a href="/login">Sign in</a></nav>
  </header>
  <main>
    <h1>Posts</h1>
    {% for post in posts %}
    <article>
      <img src="{{ post.avatar }}" width="48" height="48" alt="">
      <header>
        <a href="{{ url_for('user', nickname=post.author) }}">{{ post.author }}</a>
        <a href="/post/{{ post.id }}"><time>{{ post.time }}</time></a>
      </header>
      <p>{{ post.body }}</p>
    </article>
    {% endfor %}
    <nav><a href="/?older={{ posts[-1].id }}" rel="next">Older</a></nav>
  </main>
</body>
</html>
"""


class Post(NamedTuple):
    id: int
    author: str
    avatar: str
    time: str
    body: Markup


POSTS = [
    Post(
        200_000 - n,
        f"author{n:02}",
        f"https://www.gravatar.com/avatar/{n:032x}?d=blank&s=48",
        f"{n + 2} hours ago",
        Markup(
            f'Tea? <a href="/user/susan">@susan</a> has {n + 10} kinds '
            'of it, or more. <a href="/tag/tea">#tea</a>'
        ),
    )
    for n in range(25)
]

app = Flask(__name__)
app.jinja_loader = DictLoader({"posts.html": TEMPLATE})


@app.get("/")
def index():
    return render_template("posts.html", posts=POSTS)


@app.get("/user/<nickname>")
def user(nickname: str):
    return nickname
