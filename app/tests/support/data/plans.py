"""What the database reads for a statement, as it says itself: no test of a plan guesses.

SQLite counts the steps of its machine, which are the same on every computer, and PostgreSQL the
rows that each part of a plan gives or leaves out.
"""

import json
import re
from itertools import count
from typing import ClassVar

import sqlalchemy as sa

from app import db
from app.tests.support.reading import sent_selects

# With fewer, PostgreSQL rightly reads them all.
POSTS = 20_000
# Of each of the tables of posts, tags and words, of users, and of what hides.
MAX_READ = POSTS // 20
# Of SQLite's machine, which takes more than two for a row that it passes.
MAX_STEPS = POSTS * 2


class PlansMixin:
    """For a test case: whether statements read few rows of many."""

    TABLES: ClassVar = (
        *("post", "tag", "post_search", "mention", "user", "followers"),
        *("block", "hidden_post", "suspension"),
    )

    def know_the_tables(self) -> None:
        """Let the planner of PostgreSQL know that there are many rows: the database is young."""
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # All rows are its sample, so that each run plans alike.
                connection.execute(sa.text("SET default_statistics_target = 1000"))
                connection.execute(sa.text("VACUUM ANALYZE"))

    def assert_reads_few(self, action) -> list[str]:
        """Fail if one of the SELECTs that `action` sends reads many rows; return them."""
        statements = sent_selects(action)
        db.session.rollback()
        read_few = {"sqlite": self._assert_few_steps, "postgresql": self._assert_few_rows}
        for statement, values in statements:
            read_few[db.engine.dialect.name](statement, values)
            db.session.rollback()
        return [statement for statement, _ in statements]

    def _assert_few_steps(self, statement: str, values) -> None:
        connection = db.session.connection()
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [step[-1] for step in plan]
        for step in steps:
            # An alias is called user_1.
            scanned = re.match(r"SCAN (\w+?)(_\d+)?\b(?! VIRTUAL)", step)
            if scanned:
                self.assertNotIn(scanned[1], self.TABLES, steps)
            self.assertNotIn("AUTOMATIC", step, steps)
        # An index that is walked from one end to the other is called a search as well.
        hundreds, driver = count(), connection.connection.driver_connection
        driver.set_progress_handler(lambda: next(hundreds) * 0, 100)
        try:
            connection.exec_driver_sql(statement, values).all()
        finally:
            driver.set_progress_handler(None, 0)
        self.assertLess(100 * next(hundreds), MAX_STEPS, "\n".join([statement, *steps]))

    def _assert_few_rows(self, statement: str, values) -> None:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (plan,) = db.session.connection().exec_driver_sql(explain, values).scalar_one()
        for table in self.TABLES:
            read = _rows_read(plan["Plan"], table)
            self.assertLess(read, MAX_READ, f"{table}: {json.dumps(plan, indent=1)}")


def _rows_read(node: dict, table: str) -> int:
    read = sum(_rows_read(child, table) for child in node.get("Plans", ()))
    if node.get("Relation Name") != table:
        return read
    each = node["Actual Rows"] + sum(n for key, n in node.items() if key.startswith("Rows Removed"))
    return read + each * node["Actual Loops"]
