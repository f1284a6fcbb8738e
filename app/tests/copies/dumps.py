"""Dumps by PostgreSQL's own programs, exactly as .github/docs/keeping.md prints it."""

import os
import re
import stat
import subprocess
import unittest
from pathlib import Path

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import is_current, upgrade
from app.models import User
from app.models.posts.post import Post
from app.tests.support.base import Browser, TestCase, settings
from app.tests.support.programs.processes import TEST_SERVER, fresh_database, temporary_folder
from config import basedir


def recipe(*words: str) -> str:
    """Return the one code block of the text that holds all of `words`."""
    text = (basedir / ".github" / "docs" / "keeping.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```\n(.*?)^```", text)
    [block] = [block for block in blocks if all(word in block for word in words)]
    return block


class DumpCase(TestCase):
    slow = True

    def setUp(self):
        super().setUp()
        self.folder = temporary_folder(self)

    def shell(self, commands: str, folder: Path | None = None) -> subprocess.CompletedProcess:
        """Run what somebody copies from there, under the usual umask."""
        return subprocess.run(
            ["bash", "-c", "umask 022\n" + commands],
            cwd=folder or self.folder,
            env={**os.environ, **self.environment()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def environment(self) -> dict[str, str]:
        return {}

    def assert_done(self, commands: str) -> None:
        done = self.shell(commands)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_private(self, name: str) -> None:
        mode = stat.S_IMODE((self.folder / name).stat().st_mode)
        self.assertEqual(oct(mode), "0o600", name)

    def site(self, url: str):
        """Return an application on a database, as old as it may be."""
        app = create_app(**settings(DATABASE_URL=url))
        context = app.app_context()
        context.push()
        self.addCleanup(context.pop)
        self.addCleanup(db.engine.dispose)
        self.addCleanup(db.session.remove)
        return app

    def fill_the_first_schema(self) -> None:
        flask_migrate.upgrade(revision="0001")
        with db.engine.begin() as connection:
            for statement in (
                'INSERT INTO "user" (nickname, nickname_key, about_me, last_seen, avatar_seed)'
                " VALUES ('john', 'john', '', '2026-01-01 00:00:00', '')",
                "INSERT INTO post (body, timestamp, user_id)"
                " VALUES ('of old #times', '2026-01-01 00:00:00', 1)",
            ):
                connection.execute(sa.text(statement))

    def assert_as_of_old(self, app) -> None:
        """The site starts, with what was backed up and nothing that came later."""
        upgrade(app)
        self.assertTrue(is_current())
        self.assertEqual(db.session.scalars(sa.select(Post.body)).all(), ["of old #times"])
        db.session.rollback()
        visitor = Browser(app)
        for path in ("/search?q=old", "/tag/times", "/user/john"):
            visitor.get(path)
            self.assertEqual(visitor.status, 200)
            self.assertIn("#times", visitor.page.links, path)
        john = User.find("john")
        self.assertEqual(john.write("and new").user_id, john.id)


@unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")
class DumpTests(DumpCase):
    def setUp(self):
        super().setUp()
        self.url = sa.make_url(fresh_database(self))
        self.backup = recipe("pg_dump").replace("NAME", self.url.database)
        self.restore = recipe("pg_restore").replace("NAME", self.url.database)
        self.own = self.site(self.url.render_as_string(hide_password=False))

    def environment(self) -> dict[str, str]:
        # How a keeper tells PostgreSQL's programs where the server is.
        named = {
            "PGHOST": self.url.host,
            "PGPORT": self.url.port,
            "PGUSER": self.url.username,
            "PGPASSWORD": self.url.password,
        }
        return {name: str(value) for name, value in named.items() if value is not None}

    def test_a_backup_is_restored_after_an_upgrade(self):
        self.fill_the_first_schema()
        self.assert_done(self.backup)
        self.assert_private("backup.dump")
        upgrade(self.own)
        User.find("john").write("written since")
        db.session.remove()
        db.engine.dispose()
        self.assert_done(self.restore)
        self.assert_as_of_old(self.own)

    def test_it_can_be_done_again_with_what_was_restored(self):
        self.fill_the_first_schema()
        for _ in range(2):
            self.assert_done(self.backup)
            self.assert_done(self.restore)
            db.engine.dispose()
        self.assert_as_of_old(self.own)

    def test_a_backup_that_ends_in_the_middle_changes_nothing(self):
        self.fill_the_first_schema()
        self.assert_done(self.backup)
        upgrade(self.own)
        whole = (self.folder / "backup.dump").read_bytes()
        (self.folder / "backup.dump").write_bytes(whole[: len(whole) * 9 // 10])
        db.engine.dispose()
        self.assertNotEqual(self.shell(self.restore).returncode, 0)
        self.assertTrue(is_current())
        self.assertEqual(db.session.scalars(sa.select(Post.body)).all(), ["of old #times"])

    def test_rows_that_cannot_be_restored_change_nothing(self):
        self.fill_the_first_schema()
        self.assert_done(self.backup)
        upgrade(self.own)
        db.engine.dispose()
        # An error in the last of it, when all the rest has been done.
        broken = self.restore.replace("psql", "echo 'SELECT 1/0;' >> backup.sql && psql")
        self.assertNotEqual(self.shell(broken).returncode, 0)
        self.assertTrue(is_current())
        self.assertEqual(db.session.scalars(sa.select(Post.body)).all(), ["of old #times"])
