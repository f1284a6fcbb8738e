"""Rows in every table of a schema, of whatever day it is."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.database.copies.contents import tables

ROWS = 3
BEGINNING = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
# What has a meaning of its own; other texts are made up.
TEXTS = {
    "body": "of #old times with @user_nickname_key_1, number {}",
    "nickname": "user_nickname_key_{}",
    "nickname_key": "user_nickname_key_{}",
    "username_key": "user_nickname_key_{}",
    "role": "member",
    "thing": "user:{}",
}


def fill(engine: sa.Engine) -> None:
    """Put ROWS rows into each table, which point to those of the same number elsewhere."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table in _in_order(tables(connection)):
            for number in range(1, ROWS + 1):
                values = {
                    column.name: value
                    for column in table.columns
                    if (value := _value(table, column, number)) is not None
                }
                connection.execute(sa.insert(table), values)
        if connection.dialect.name == "postgresql":
            _move_sequences(connection)


def _in_order(found: list[sa.Table]) -> list[sa.Table]:
    """Return the tables, each after those that it points to."""
    left, done = list(found), []
    while left:
        ready = [
            table
            for table in left
            if not {key.target_fullname.split(".")[0] for key in table.foreign_keys}
            & {other.name for other in left if other is not table}
        ]
        # Of tables that point to each other, any; SQLite and PostgreSQL would refuse it.
        done += ready or left
        left = [table for table in left if table not in done]
    return done


def _value(table: sa.Table, column: sa.Column, number: int):
    # The last row has nothing where nothing may be.
    if column.nullable and number == ROWS:
        return None
    if isinstance(column.type, sa.Boolean):
        return number % 2 == 0
    if isinstance(column.type, sa.Integer):
        return number
    if isinstance(column.type, sa.DateTime):
        moment = BEGINNING + timedelta(days=number)
        return moment if getattr(column.type, "timezone", False) else moment.replace(tzinfo=None)
    if isinstance(column.type, sa.LargeBinary):
        return bytes([0, number, 255])
    if isinstance(column.type, sa.String):
        text = TEXTS.get(column.name, f"{table.name}_{column.name}_{{}}").format(number)
        return text[: column.type.length]
    raise AssertionError(f"no value for {table.name}.{column.name}, a {column.type!r}")


def _move_sequences(connection: sa.Connection) -> None:
    for table in tables(connection):
        if len(table.primary_key) == 1:
            [column] = table.primary_key
            sequence = sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name)
            connection.execute(sa.select(sa.func.setval(sequence, ROWS + 4)))


def everything(engine: sa.Engine) -> dict[str, list[dict]]:
    """Return all rows of all tables, in order, instants as UTC."""
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (_told(row) for row in connection.execute(sa.select(table)).mappings()), key=repr
            )
            for table in tables(connection)
        }


def _told(row) -> dict:
    return {name: _in_utc(value) for name, value in row.items()}


def _in_utc(value):
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
