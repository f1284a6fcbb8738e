"""Where the site may lie, listen and log: what is not ours is left as it is."""

import contextlib
import io
import os
import select
import shutil
import stat
import sys
from pathlib import Path

from app import db
from app.failures import handlers
from app.tests.support.base import Browser, TestCase
from app.tests.support.failures import FailureCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    copy_of_the_site,
    site_server,
    temporary_folder,
)
from config import SettingError

# Each of them means something to somebody: URLs, Alembic's configuration, shells.
FOLDERS = ("100%41", "100%", "a ?query=1#part é %(here)s")


class FolderTests(TestCase):
    slow = True

    def test_the_site_runs_in_a_folder_of_any_name(self):
        for name in FOLDERS:
            with self.subTest(name):
                folder = temporary_folder(self) / name
                shutil.move(copy_of_the_site(self), folder)
                site_server(self, folder, "runp.py", cwd=folder).wait()
                self.assertTrue((folder / "app.db").is_file())
                self.assertEqual([path.name for path in folder.parent.iterdir()], [name])

    def test_names_of_this_machine_are_listened_at_by_both_servers(self):
        folder = copy_of_the_site(self)
        for script in ("run.py", "runp.py"):
            with self.subTest(script):
                server = site_server(self, folder, script, HOST="localhost").wait()
                self.assertIn(f"http://localhost:{server.port}", server.output)

    def test_a_name_of_nobody_is_one_sentence(self):
        run = Process(
            self,
            sys.executable,
            copy_of_the_site(self) / "runp.py",
            HOST="nobody.invalid",
            SITE_URL="https://blog.example.com",
        )
        self.assertEqual(run.process.wait(START_SECONDS), 1)
        self.assertRegex(run.output, r"(?m)^HOST: nobody\.invalid [^\n]+\.\n\Z")
        self.assertNotIn("Traceback", run.output)


class LogPlaceTests(FailureCase):
    """What a log is written to, when that is no file of ours."""

    def mode(self, path: Path) -> int:
        return stat.S_IMODE(os.stat(path).st_mode)

    def start(self, path: Path) -> None:
        app = self.failing_app(LOG_FILE=str(path))
        app.logger.info("a line of it")
        with app.app_context():
            db.engine.dispose()

    def read_until_it_is_there(self, end: int) -> bytes:
        """Return what came out: a terminal hands it over in pieces."""
        found = b""
        while b"a line of it" not in found and select.select([end], [], [], START_SECONDS)[0]:
            found += os.read(end, 65536)
        return found

    def test_a_device_is_written_and_left_as_it_is(self):
        ours, theirs = os.openpty()
        for end in (ours, theirs):
            self.addCleanup(os.close, end)
        path = Path(os.ttyname(theirs))
        os.chmod(path, 0o622)
        self.start(path)
        self.assertEqual(self.mode(path), 0o622)
        self.assertIn(b"a line of it", self.read_until_it_is_there(ours))
        self.assertFalse(path.with_name(f".__{path.name}.lock").exists())

    def test_one_that_cannot_be_written_prints_no_record(self):
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            app = self.failing_app(LOG_FILE="/dev/full")
            app.logger.warning("a word of %s", "a visitor")
            Browser(app).get("/say/what-was-typed")
            handlers.close_log()
        self.assertIn("could not be written: No space left on device.", printed.getvalue())
        for part in ("a visitor", "what-was-typed", "Traceback", "Arguments"):
            self.assertNotIn(part, printed.getvalue())

    def test_a_pipe_is_written_and_left_as_it_is(self):
        path = self.folder / "pipe"
        os.mkfifo(path)
        os.chmod(path, 0o622)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.start(path)
        self.assertIn(b"a line of it", os.read(reader, 65536))
        self.assertEqual(self.mode(path), 0o622)
        self.assertEqual([found.name for found in self.folder.iterdir()], ["pipe"])

    def test_a_pipe_that_nobody_reads_is_refused_rather_than_waited_for(self):
        path = self.folder / "pipe"
        os.mkfifo(path)
        with self.assertRaisesRegex(SettingError, r"\ALOG_FILE: .* cannot be written: .*\.\Z"):
            self.failing_app(LOG_FILE=str(path))

    def test_standard_output_by_its_path_is_not_turned_over(self):
        run = Process(
            self,
            sys.executable,
            "-c",
            "import app; app.create_app().logger.info('a line of it')",
            cwd=copy_of_the_site(self),
            LOG_FILE="/dev/stdout",
        )
        run.output_path.chmod(0o644)
        self.assertEqual(run.process.wait(START_SECONDS), 0, run.output)
        self.assertIn("a line of it", run.output)
        self.assertEqual(self.mode(run.output_path), 0o644)

    def test_a_log_of_ours_is_for_us_alone_even_when_it_was_not(self):
        self.log_path.touch()
        self.log_path.chmod(0o644)
        self.start(self.log_path)
        self.assertEqual(self.mode(self.log_path), 0o600)
