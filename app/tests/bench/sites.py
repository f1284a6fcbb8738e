"""The sites that are measured: one on each kind of database."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from app import create_app, db
from app.database.engine import unhurried
from app.database.upgrade import upgrade
from app.tests.support import base


def sites(database: str | None = None) -> Iterator[Flask]:
    """Yield an empty site on SQLite and, where TEST_DATABASE_URL is given, one on PostgreSQL.

    With the URL of a database it is the one site on that, filled or not. Each is given within
    its context, in which statements may take long, and after a line that says which it is.
    """
    with tempfile.TemporaryDirectory(prefix="microblog-bench-") as folder:
        urls = [database or f"sqlite:///{Path(folder, 'bench.db')}"]
        if os.environ.get("TEST_DATABASE_URL") and not database:
            urls.append(base.database_url())
        for url in urls:
            app = create_app(**base.settings(DATABASE_URL=url))
            upgrade(app)
            with app.app_context(), unhurried():
                print(f"== {db.engine.dialect.name}")
                yield app
                db.session.remove()
                db.engine.dispose()
