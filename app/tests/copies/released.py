"""A filled database of every released migration: upgraded, backed up, restored, compared."""

import flask_migrate

from app import db
from app.database.upgrade import is_current, upgrade
from app.tests.support.data.copies import REVISIONS, CopyCase
from app.tests.support.data.schema import TRIGGERS, differences, triggers

# Tables that a migration makes anew on purpose: it tells why.
EMPTIED = {"0006": {"pending_request"}}


class ReleasedCase(CopyCase):
    def assert_newest(self, app) -> None:
        with app.app_context(), db.engine.connect() as connection:
            self.assertTrue(is_current())
            self.assertEqual(differences(connection), [])
            self.assertEqual(triggers(connection), TRIGGERS)
            found = connection.exec_driver_sql("SELECT count(*) FROM post_search").scalar()
            self.assertEqual(found, 3)

    def assert_kept(self, before: dict, after: dict, emptied=frozenset()) -> None:
        """Every row of before is there, as far as tables and columns are."""
        compared = 0
        for name in set(before) & set(after) - emptied:
            self.assertEqual(len(before[name]), len(after[name]), name)
            if before[name]:
                columns = set(before[name][0]) & set(after[name][0])
                kept, there = (self.only(columns, held[name]) for held in (before, after))
                self.assertEqual(kept, there, name)
                compared += len(kept)
        self.assertGreater(compared, 20)

    def only(self, columns: set, rows: list[dict]) -> list[dict]:
        return sorted(({n: v for n, v in row.items() if n in columns} for row in rows), key=repr)


class ReleasedMigrationTests(ReleasedCase):
    def test_there_is_one_of_each_and_all_tables_are_filled(self):
        self.assertEqual(REVISIONS[:2], ["0001", "0002"])
        held = self.held(self.filled(REVISIONS[-1]))
        self.assertEqual(set(held), set(db.metadata.tables))
        self.assertEqual([name for name, rows in held.items() if not rows], [])

    def test_each_is_upgraded_with_every_row_and_goes_back_a_release(self):
        for revision in REVISIONS:
            with self.subTest(revision):
                app = self.filled(revision)
                before = self.held(app)
                upgrade(app)
                self.assert_newest(app)
                newest = self.held(app)
                emptied = [t for r, t in EMPTIED.items() if r > revision]
                self.assert_kept(before, newest, set().union(*emptied))
                with app.app_context():
                    flask_migrate.downgrade(revision=REVISIONS[-2])
                self.assert_kept(newest, self.held(app))
                upgrade(app)
                self.assert_newest(app)
                self.close(app)


class ReleasedBackupTests(ReleasedCase):
    def test_a_backup_of_each_is_restored_and_ends_at_the_newest(self):
        later = self.filled(REVISIONS[-1])
        for revision in REVISIONS:
            with self.subTest(revision):
                app = self.filled(revision)
                before = self.held(app)
                told = self.command(app, "backup", self.file)
                self.assertIn(f"migration {revision}; rows: ", told)
                self.assertEqual(self.held_in(self.file), (revision, before))
                upgrade(app)
                # Over what has tables that the backup knows nothing of.
                self.close(later)
                self.command(later, "restore", self.file)
                self.assert_newest(later)
                self.assertEqual(self.held(later), self.held(app))
                self.close(app)
