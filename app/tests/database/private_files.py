"""What is kept on the disk is for the site's own account alone, whatever the umask."""

import os
import sqlite3
import stat
import sys
from pathlib import Path

import sqlalchemy as sa

from app import create_app, db
from app.database.private_files import keep_private
from app.database.upgrade import upgrade
from app.tests.support.base import TestCase, settings
from app.tests.support.programs.processes import Server, copy_of_the_site, temporary_folder


def modes(folder: Path, pattern: str = "app.db*") -> dict[str, str]:
    return {
        path.name: oct(stat.S_IMODE(path.stat().st_mode))
        for path in folder.glob(pattern)
        if path.is_file()
    }


class PrivateFilesTests(TestCase):
    slow = True

    def database_of_before(self) -> Path:
        """Return the path of a database in use, which everybody may read, as it once was."""
        path = temporary_folder(self) / "app.db"
        path.with_name("app.db.lock").touch()
        connection = sqlite3.connect(path)
        self.addCleanup(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE something (id INTEGER)")
        for file in path.parent.iterdir():
            file.chmod(0o644)
        return path

    def start(self, path: Path):
        app = create_app(**settings(DATABASE_URL=f"sqlite:///{path}"))
        upgrade(app)
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            db.session.execute(sa.text("SELECT 1"))
        return app

    def test_a_running_site_shares_none_although_the_umask_would(self):
        folder = copy_of_the_site(self)
        shell = 'umask 000 && exec "$0" "$@"'
        server = Server(self, "sh", "-c", shell, sys.executable, folder / "runp.py").wait()
        browser = server.browser()
        browser.get("/openid/join")
        browser.submit(username="miguel", password="correct horse battery", email="")
        self.assertIn("miguel", browser.page.words)
        names = ["app.db", "app.db-shm", "app.db-wal", "app.db.lock", "app.db.serving"]
        self.assertEqual(modes(folder), dict.fromkeys(names, "0o600"))
        for name, mode in modes(folder / "tmp", "*").items():
            self.assertEqual(mode, "0o600", name)

    def test_a_start_mends_what_was_made_before(self):
        path = self.database_of_before()
        self.assertEqual(set(modes(path.parent).values()), {"0o644"})
        self.start(path)
        self.assertGreater(len(modes(path.parent)), 3)
        self.assertEqual(set(modes(path.parent).values()), {"0o600"})

    def test_what_is_no_file_of_ours_is_left_alone(self):
        folder = temporary_folder(self)
        theirs, pipe, link = folder / "theirs", folder / "pipe", folder / "link"
        if os.geteuid() == 0:
            theirs.touch()
            os.chown(theirs, 65534, 65534)
            theirs.chmod(0o644)
        else:
            theirs = Path("/etc/passwd")
        os.mkfifo(pipe)
        pipe.chmod(0o644)
        link.symlink_to("/dev/null")
        before = os.stat("/dev/null")
        for path in (theirs, pipe, link):
            keep_private(path)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o044, 0o044, path)
        self.assertEqual(os.stat("/dev/null").st_mode, before.st_mode)

    def test_a_file_away_is_not_made_again_by_a_later_connection(self):
        # Otherwise the site would go on in an empty one, and nobody would know.
        path = temporary_folder(self) / "app.db"
        app = self.start(path)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
            path.rename(path.with_name("away"))
            with self.assertRaises(sa.exc.OperationalError):
                db.session.execute(sa.text("SELECT 1"))
        self.assertFalse(path.exists())
