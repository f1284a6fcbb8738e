"""Who uses the database while it is restored or moved, and what a crash in the middle leaves."""

import os
import signal
import sys
import time
import unittest

import sqlalchemy as sa

from app import db
from app.database.copies.sqlite import ABANDONED_SECONDS
from app.database.in_use import USE_LOCK, unused
from app.database.upgrade import is_current
from app.tests.support.data.copies import REVISIONS, CopyCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    TEST_SERVER,
    Process,
    copy_of_the_site,
    site_server,
)

# A command that is killed when the old database has begun to give way to the new one, or a backup
# is about to get its name.
DYING = """
import os, signal, sys
import sqlalchemy as sa
from app import create_app
from app.database.copies import copying, sqlite

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def copy(source, target, progress):
    copying.PAGES = 1
    copy_pages(source, target, lambda share: die() if share > 0.5 else None)

copy_pages, sqlite.copy_pages = sqlite.copy_pages, copy

@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def after(connection, cursor, statement, *rest):
    if statement.startswith("ALTER TABLE microblog_staging"):
        die()

if "backup" in sys.argv:
    os.replace = die
create_app().test_cli_runner().invoke(args=sys.argv[1:])
"""


class InUseTests(CopyCase):
    def setUp(self):
        super().setUp()
        self.own = self.filled(REVISIONS[-1])
        self.url = self.own.config["DATABASE_URL"]
        self.command(self.own, "backup", self.file)
        self.before = self.held(self.own)
        self.close(self.own)

    def start(self, script: str):
        return site_server(self, copy_of_the_site(self), script, DATABASE_URL=self.url)

    def test_nothing_is_restored_or_moved_from_under_a_running_site(self):
        elsewhere = self.sqlite("elsewhere.db")
        for script in ("runp.py", "run.py"):
            with self.subTest(script):
                server = self.start(script).wait()
                for command in (("restore", self.file), ("database", "move", elsewhere)):
                    self.assertIn("The site is running", self.refused(self.own, *command))
                # It may be backed up, as often as one likes.
                self.command(self.own, "backup", self.file)
                now = self.held(self.own)
                # A start notes where it is.
                self.assertEqual(now | {"site_address": []}, self.before | {"site_address": []})
                self.close(self.own)
                # However it ends.
                server.stop(signal.SIGKILL, whole_group=True)
                self.command(self.own, "restore", self.file)
                self.close(self.own)

    def test_it_does_not_start_while_the_database_is_replaced(self):
        with unused(sa.make_url(self.url)):
            server = self.start("runp.py")
            self.assertEqual(server.process.wait(START_SECONDS), 1)
        self.assertRegex(server.output, r"DATABASE_URL: .*is being restored or moved\.\n\Z")
        self.assertNotIn("Traceback", server.output)
        self.start("runp.py").wait()

    @unittest.skipUnless(TEST_SERVER, "about PostgreSQL alone")
    def test_it_can_be_used_again_as_soon_as_that_is_over(self):
        # A server that has much to do notices the end of a connection a moment later.
        engine, held = sa.create_engine(self.url, isolation_level="AUTOCOMMIT"), []
        self.addCleanup(engine.dispose)
        locks = sa.text("SELECT count(*) FROM pg_locks WHERE objid = :lock AND mode = :mode")
        with engine.connect() as connection:

            def note(closing, record):
                values = {"lock": USE_LOCK, "mode": "ExclusiveLock"}
                held.append(connection.scalar(locks, values))

            sa.event.listen(sa.pool.NullPool, "close", note)
            self.addCleanup(sa.event.remove, sa.pool.NullPool, "close", note)
            with unused(sa.make_url(self.url)):
                note(None, None)
        self.assertEqual(held[:2], [1, 0])

    def test_what_is_killed_in_the_middle_leaves_the_old_one(self):
        old = self.filled("0001", self.sqlite("old.db"))
        self.command(old, "backup", self.file)
        for _ in range(2):
            process = self.run_as_a_process([sys.executable, "-c", DYING, "restore", self.file])
            self.assertEqual(process.wait_for_end(), -signal.SIGKILL, process.output)
            self.assertEqual(self.held(self.own), self.before)
            with self.own.app_context():
                self.assertTrue(is_current())
                self.assertEqual(db.session.scalar(sa.text("SELECT count(*) FROM post_search")), 3)
            self.close(self.own)
        # Nothing of it is in the way of the next.
        self.command(self.own, "restore", self.file)
        with self.own.app_context():
            names = sa.inspect(db.engine).get_schema_names()
        self.assertNotIn("microblog_staging", names)
        self.assertNotEqual(self.held(self.own), self.before)
        self.assertFalse([n for n in os.listdir(self.folder) if "staging" in n])

    def test_a_later_backup_clears_what_one_left_that_was_killed(self):
        kept = self.file.read_bytes()
        process = self.run_as_a_process([sys.executable, "-c", DYING, "backup", self.file])
        self.assertEqual(process.wait_for_end(), -signal.SIGKILL, process.output)
        self.assertEqual(self.file.read_bytes(), kept)
        [left] = set(self.folder.iterdir()) - {self.file}
        self.assertGreater(left.stat().st_size, 0)
        # One may still be at it.
        self.command(self.own, "backup", self.file)
        self.assertEqual(set(self.folder.iterdir()), {self.file, left})
        # What is somebody else's stays, however old.
        others = [self.folder / "mine.download.partial", left.with_name(f"{left.name}.txt")]
        for other in others:
            other.touch()
        others.append(left.with_stem(f"linked.{left.stem}"))
        others[-1].symlink_to(self.file)
        others.append(left.with_stem(f"folder.{left.stem}"))
        others[-1].mkdir()
        long_ago = time.time() - ABANDONED_SECONDS - 1
        for path in (left, *others):
            os.utime(path, (long_ago, long_ago), follow_symlinks=False)
        self.command(self.own, "backup", self.folder / "another.db")
        self.assertEqual(
            set(self.folder.iterdir()), {self.file, self.folder / "another.db", *others}
        )

    def test_a_full_disk_leaves_what_was_there(self):
        kept = self.file.read_bytes()
        # What the shell lets a process write to one file, in kilobytes.
        limited = ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash", sys.executable, "-m", "flask"]
        process = self.run_as_a_process([*limited, "backup", self.file])
        self.assertEqual(process.wait_for_end(), 1, process.output)
        self.assertIn("Error: ", process.output)
        self.assertNotIn("Traceback", process.output)
        self.assertEqual(self.file.read_bytes(), kept)
        self.assertEqual(os.listdir(self.folder), [self.file.name])
        self.assertEqual(self.held(self.own), self.before)

    def run_as_a_process(self, command: list) -> "Command":
        folder = copy_of_the_site(self)
        return Command(self, *command, cwd=folder, DATABASE_URL=self.url)


class Command(Process):
    def wait_for_end(self) -> int:
        return self.process.wait(START_SECONDS)
