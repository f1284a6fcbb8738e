"""What `flask backup` writes, and what `flask restore` takes and refuses."""

import os
import sqlite3
import stat
import threading
import unittest
from unittest import mock

import sqlalchemy as sa

from app import db
from app.database import copies
from app.database.copies import copying
from app.database.upgrade import upgrade
from app.models import Post, User
from app.tests.support.base import Browser
from app.tests.support.data.copies import REVISIONS, CopyCase
from app.tests.support.programs.processes import START_SECONDS, TEST_SERVER


class BackupTests(CopyCase):
    def setUp(self):
        super().setUp()
        self.own = self.filled(REVISIONS[-1])
        self.before = self.held(self.own)

    def assert_unchanged(self) -> None:
        self.assertEqual(self.held(self.own), self.before)

    def assert_left_alone(self, sentence: str) -> None:
        """The file in our folder is refused, and nothing is changed or left behind."""
        self.assertIn(sentence, self.refused(self.own, "restore", self.file))
        self.assert_unchanged()
        self.assertEqual(os.listdir(self.folder), [self.file.name])

    def test_it_is_one_file_for_this_account_alone_and_says_what_it_holds(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        told = self.command(self.own, "backup", self.file)
        self.assertIn(f"{self.file} holds migration {REVISIONS[-1]}; rows: ", told)
        self.assertIn("user 3", told)
        self.assertEqual(os.listdir(self.folder), [self.file.name])
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(self.held_in(self.file), (REVISIONS[-1], self.before))
        # It can be read where nothing can be written.
        self.folder.chmod(0o500)
        self.addCleanup(self.folder.chmod, 0o700)
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        self.addCleanup(connection.close)
        self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("delete",))

    def test_an_older_one_is_replaced_and_nothing_else(self):
        self.command(self.own, "backup", self.file)
        with self.own.app_context():
            User.find("user_nickname_key_1").write("written since")
        self.command(self.own, "backup", self.file)
        held = self.held_in(self.file)[1]
        self.assertEqual(held, self.held(self.own))
        self.assertIn("written since", {row["body"] for row in held["post"]})
        letter = self.folder / "letter"
        letter.write_text("Dear Susan")
        self.assertIn("is no backup", self.refused(self.own, "backup", letter))
        self.assertEqual(letter.read_text(), "Dear Susan")

    def test_what_comes_after_it_is_gone_and_ids_are_not_given_again(self):
        with self.own.app_context():
            user = User.find("user_nickname_key_1")
            gone = user.write("gone before the backup").id
            with db.engine.begin() as connection:
                connection.execute(sa.delete(Post).where(Post.id == gone))
        before = self.held(self.own)
        self.command(self.own, "backup", self.file)
        with self.own.app_context():
            User.find("user_nickname_key_1").write("after the backup")
        self.command(self.own, "restore", self.file)
        self.assertEqual(self.held(self.own), before)
        with self.own.app_context():
            written = User.find("user_nickname_key_1").write("#anew after the restore")
            self.assertGreater(written.id, gone)
        # Its triggers are there.
        visitor = Browser(self.own)
        visitor.get("/search?q=anew")
        self.assertIn("#anew", visitor.page.links)

    def test_a_backup_under_load_is_of_one_moment(self):
        began, ended, written = threading.Event(), threading.Event(), []

        def write() -> None:
            with self.own.app_context():
                user_id = User.find("user_nickname_key_1").id
                while not ended.is_set() or len(written) < 20:
                    user = db.session.get(User, user_id)
                    written.append(user.write(f"#load number {len(written)}").id)
                    began.set()
                db.session.remove()

        thread = threading.Thread(target=write)
        thread.start()
        self.assertTrue(began.wait(START_SECONDS))
        acknowledged = list(written)
        other = self.site(self.own.config["DATABASE_URL"])
        try:
            self.command(other, "backup", self.file)
        finally:
            ended.set()
            thread.join()
        held = self.held_in(self.file)[1]
        posts = [row["id"] for row in held["post"] if "#load" in row["body"]]
        self.assertLessEqual(set(acknowledged), set(posts))
        # No hole: all up to some moment, each with its tag.
        self.assertEqual(sorted(posts), written[: len(posts)])
        tagged = {row["post_id"] for row in held["tag"] if row["name"] == "load"}
        self.assertEqual(tagged, set(posts))
        self.command(self.own, "restore", self.file)
        self.assertEqual(self.held(self.own), held)

    def test_what_is_no_backup_is_refused(self):
        for content, sentence in (
            (b"", "is no backup"),
            (b"PGDMP and so on", "is no backup"),
            (self.sqlite_with("CREATE TABLE thing (id INTEGER)"), "no database of this site"),
        ):
            with self.subTest(sentence):
                self.file.write_bytes(content)
                self.assert_left_alone(sentence)
        self.file.unlink()
        self.assertIn("There is no database", self.refused(self.own, "restore", self.file))

    def test_one_that_is_cut_off_or_broken_is_refused(self):
        self.command(self.own, "backup", self.file)
        whole = self.file.read_bytes()
        # Pages in the middle, all of rows or indexes.
        broken = whole[: 20 * 4096] + b"\xee" * (20 * 4096) + whole[40 * 4096 :]
        for content in (whole[: len(whole) // 2], broken):
            with self.subTest(len(content)):
                self.file.write_bytes(content)
                self.assert_left_alone("")

    def test_one_of_a_later_release_is_refused(self):
        self.command(self.own, "backup", self.file)
        self.change("UPDATE alembic_version SET version_num = '9999'")
        self.assert_left_alone("stands at migration 9999, which this release does not know.")

    def test_one_whose_rows_lead_nowhere_is_refused(self):
        self.command(self.own, "backup", self.file)
        self.change("UPDATE post SET user_id = 987654")
        self.assert_left_alone("user")

    def change(self, statement: str) -> None:
        connection = sqlite3.connect(self.file)
        connection.execute(statement)
        connection.commit()
        connection.close()

    def sqlite_with(self, statement: str) -> bytes:
        path = self.folder / "made"
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.close()
        content = path.read_bytes()
        path.unlink()
        return content


class EmptyBackupTests(CopyCase):
    def test_in_the_wrong_folder_it_fails_and_makes_nothing(self):
        app = self.site()
        self.assertIn("There is no database", self.refused(app, "backup", self.file))
        self.assertEqual(os.listdir(self.folder), [])
        if not TEST_SERVER:
            self.assertEqual(os.listdir(os.path.dirname(db_path(app))), [])

    def test_it_is_restored_where_there_was_nothing(self):
        held = self.filled("0002")
        self.command(held, "backup", self.file)
        app = self.site()
        self.command(app, "restore", self.file)
        upgrade(held)
        self.assertEqual(self.held(app), self.held(held))

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_the_database_itself_is_no_file_for_it(self):
        app = self.filled(REVISIONS[-1])
        held = self.held(app)
        for deed in ("backup", "restore"):
            self.assertIn("the database itself", self.refused(app, deed, db_path(app)))
        self.assertEqual(self.held(app), held)

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_a_copy_by_the_recipe_of_before_is_restored(self):
        app = self.filled(REVISIONS[-1])
        with self.held_open(app) as connection:
            connection.execute("UPDATE post SET body = 'only in the log'")
            copy = sqlite3.connect(self.file)
            sqlite3.connect(db_path(app)).backup(copy)
            copy.close()
        self.command(self.site(), "restore", self.file)
        held = self.held_in(self.file)[1]
        self.assertEqual({row["body"] for row in held["post"]}, {"only in the log"})

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_what_stands_only_in_the_log_is_backed_up_and_a_stale_log_is_not_replayed(self):
        app = self.filled(REVISIONS[-1])
        with self.held_open(app) as connection:
            connection.execute("UPDATE post SET body = 'only in the log'")
            self.command(app, "backup", self.file)
            connection.execute("UPDATE post SET body = 'later, and in the log too'")
            self.command(app, "restore", self.file)
        bodies = {row["body"] for row in self.held(app)["post"]}
        self.assertEqual(bodies, {"only in the log"})

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_it_does_not_begin_anew_whenever_somebody_writes(self):
        app = self.filled(REVISIONS[-1])
        before, shares = self.held(app), []
        with self.held_open(app) as other:

            def progress(share: float) -> None:
                # Or else it might never end.
                self.assertLess(len(shares), 1000)
                shares.append(share)
                other.execute("UPDATE post SET body = ?", [f"at {share}"])

            with mock.patch.object(copying, "PAGES", 10):
                url = sa.make_url(app.config["DATABASE_URL"])
                with app.app_context():
                    copies.back_up(url, self.file, progress)
        self.assertGreater(len(shares), 5)
        self.assertEqual(shares, sorted(set(shares)))
        self.assertEqual(self.held_in(self.file)[1], before)

    @unittest.skipIf(TEST_SERVER, "about SQLite alone")
    def test_a_broken_database_has_to_be_moved_away(self):
        app = self.filled(REVISIONS[-1])
        self.command(app, "backup", self.file)
        held = self.held(app)
        self.close(app)
        path = db_path(app)
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(path + ending):
                os.unlink(path + ending)
        with open(path, "wb") as broken:
            broken.write(b"no database at all" * 1000)
        self.assertIn("move it away", self.refused(app, "restore", self.file))
        os.unlink(path)
        self.command(app, "restore", self.file)
        self.assertEqual(self.held(app), held)

    def held_open(self, app):
        connection = sqlite3.connect(db_path(app), isolation_level=None)
        self.addCleanup(connection.close)
        return connection


def db_path(app) -> str:
    return sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database
