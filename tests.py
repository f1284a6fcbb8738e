#!/usr/bin/env python
"""The chapter's own two tests, and all the others: `python tests.py`."""

import unittest

from app import db
from app.models import User
from app.tests.base import TestCase as BaseTestCase
from app.tests.pages import *  # noqa: F403
from app.tests.posts import *  # noqa: F403
from app.tests.profiles import *  # noqa: F403


class TestCase(BaseTestCase):
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
    unittest.main()
