#!/usr/bin/env python
"""The chapter's own two tests, and all the others: `python tests.py` runs them side by side."""

import pkgutil
import sys
import unittest
from importlib import import_module

import app.tests
from app import db
from app.models import User
from app.tests.support import base
from app.tests.support.programs import parallel


def collect() -> None:
    """Name every case class of app/tests here, for `python tests.py ProfilePageTests`.

    Its room gets it as well, so that `python tests.py app.tests.pages` runs all of it.
    """
    for module in pkgutil.walk_packages(app.tests.__path__, "app.tests."):
        room = sys.modules[module.name.rpartition(".")[0]]
        for name, case in vars(import_module(module.name)).items():
            if isinstance(case, type) and issubclass(case, unittest.TestCase):
                # Of two classes with one name, one would not run.
                assert globals().setdefault(name, case) is case, f"two classes are called {name}"
                setattr(room, name, case)


# In a function, for a variable that holds a class here would have it run twice.
collect()


class TestCase(base.TestCase):
    """The tests of the 2012 tutorial, chapter VII."""

    def test_avatar(self):
        u = User(nickname="john", email="john@example.com")
        avatar = u.avatar(128)
        expected = "https://www.gravatar.com/avatar/d4c74594d841139328695756648b6bd6"
        assert avatar[0 : len(expected)] == expected

    def test_make_unique_nickname(self):
        u = User(nickname="john", email="john@example.com")
        db.session.add(u)
        db.session.commit()
        nickname = User.make_unique_nickname("john")
        assert nickname != "john"
        u = User(nickname=nickname, email="susan@example.com")
        db.session.add(u)
        db.session.commit()
        nickname2 = User.make_unique_nickname("john")
        assert nickname2 != "john"
        assert nickname2 != nickname


if __name__ == "__main__":
    parallel.Program()
