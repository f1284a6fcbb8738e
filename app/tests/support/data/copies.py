"""Sites on databases of any kind and age, and what their commands do with the whole of them."""

from pathlib import Path

import flask_migrate
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from app import create_app, db
from app.database.copies.contents import revision
from app.database.upgrade import MIGRATIONS
from app.tests.support.base import TestCase, settings
from app.tests.support.data.filled import everything, fill
from app.tests.support.programs.processes import fresh_database, temporary_folder

# From the first to the newest; others are found by themselves.
REVISIONS = [s.revision for s in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


class CopyCase(TestCase):
    slow = True

    def setUp(self):
        super().setUp()
        self.folder = temporary_folder(self)
        self.file = self.folder / "kept.db"

    def sqlite(self, name: str = "app.db") -> str:
        return f"sqlite:///{temporary_folder(self) / name}"

    def site(self, url: str | None = None, **changes) -> Flask:
        """Return an application on a database, by default an empty one of the suite's kind."""
        url = url or fresh_database(self)
        app = create_app(**settings(DATABASE_URL=url, **changes))
        self.addCleanup(self.close, app)
        return app

    def filled(self, revision: str, url: str | None = None) -> Flask:
        """Return an application on a database of that migration, with rows in each table."""
        app = self.site(url)
        with app.app_context():
            flask_migrate.upgrade(revision=revision)
            fill(db.engine)
        return app

    def close(self, app: Flask) -> None:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()

    def held(self, app: Flask) -> dict[str, list[dict]]:
        with app.app_context():
            return everything(db.engine)

    def held_in(self, path: Path) -> tuple[str | None, dict[str, list[dict]]]:
        """Return the migration of a file, and what it holds."""
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            return revision(connection), everything(engine)

    def command(self, app: Flask, *arguments: object) -> str:
        result = self.run_command(*map(str, arguments), app=app)
        self.assertEqual(result.exit_code, 0, result.output)
        return result.stdout

    def refused(self, app: Flask, *arguments: object) -> str:
        """Return the sentence with which a command refuses."""
        result = self.run_command(*map(str, arguments), app=app)
        self.assertEqual(result.exit_code, 1, result.output)
        return result.stderr.partition("Error: ")[2].strip()
