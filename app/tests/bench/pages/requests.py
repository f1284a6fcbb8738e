"""Requests that go straight to an application, and the SELECTs of each page."""

from collections.abc import Callable
from contextvars import Context

from flask import Flask
from werkzeug.test import EnvironBuilder

from app.models import User
from app.queries.pagination import PAGE_SIZE
from app.tests.bench.queries import row
from app.tests.support.base import SITE, Browser
from app.tests.support.reading import selects


def request(
    app: Flask, path: str, reader: User | None = None, status: str = "200 OK", **headers: str
) -> Callable[[], bytes]:
    """Return a function that sends a request straight to the application and reads the answer."""
    if reader:
        headers["Cookie"] = cookie(app, path, reader)
    environ = EnvironBuilder(path, base_url=SITE, headers=headers).get_environ()

    def answer() -> bytes:
        answered = []
        body = app.wsgi_app(dict(environ), lambda status, *_: answered.append(status))
        text = b"".join(body)
        getattr(body, "close", lambda: None)()
        if answered != [status]:
            raise AssertionError(f"{path}: {answered}")
        return text

    # As in a thread of a server: Flask would lend it the context of whoever measures.
    return lambda: Context().run(answer)


def cookie(app: Flask, path: str, reader: User) -> str:
    """Return what the browser of a member sends along, who has seen that page before."""
    browser = Browser(app)
    browser.sign_in(reader)
    browser.get(path)
    return f"session={browser.cookie('session').value}"


def count_selects(app: Flask) -> None:
    """Print the SELECTs of each page with 1 and with 25 posts by as many authors."""
    user = {key: User.sign_up(f"https://{key}.example/", key, None) for key in ("john", "susan")}
    user["john"].follow(user["susan"])
    first = user["susan"].write("tea #tea @john")
    paths = ["/", "/explore", "/user/susan", f"/post/{first.id}", "/tag/tea"]
    paths += ["/search?q=tea", "/search/people?q=person"]
    readers = [(path, user["john"]) for path in paths] + [(path, None) for path in paths[1:]]
    one = [selects(request(app, *reading)) for reading in readers]
    for n in range(PAGE_SIZE - 1):
        other = User.sign_up(f"https://p{n}.example/", f"person{n}", f"p{n}@example.com")
        user["john"].follow(other)
        other.write(f"tea #tea @john @person{n}")
        user["susan"].write(f"tea #tea @person{n}")
    many = [selects(request(app, *reading)) for reading in readers]
    row("SELECTs a page", "1 post", "25 posts", "reach")
    for (path, reader), few, more in zip(readers, one, many, strict=True):
        reach = 2 if path in ("/", "/explore") else 3
        row(f"{path} {'member' if reader else 'visitor'}", few, more, reach)
