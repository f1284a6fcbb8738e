"""What commands print: tables that fit a terminal, or JSON for programs."""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from app.failures import redaction

# Characters between two columns, and the fewest that one is cut to.
GAP = 2
MIN_WIDTH = 6

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
# The name of a column, and what is in it.
Row = dict[str, Any]


def table(rows: Sequence[Row], as_json: bool) -> None:
    """Print rows of the same columns, one a line."""
    if as_json:
        click.echo(json.dumps(rows, default=_exact, ensure_ascii=False, indent=1))
        return
    if not rows:
        return
    lines = [list(rows[0]), *([_short(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    room = shutil.get_terminal_size().columns
    while sum(widths) + GAP * (len(widths) - 1) > room and max(widths) > MIN_WIDTH:
        widths[widths.index(max(widths))] -= 1
    for line in lines:
        cells = (_fit(text, width) for text, width in zip(line, widths, strict=True))
        click.echo((" " * GAP).join(cells).rstrip())


def card(row: Row, as_json: bool) -> None:
    """Print one thing, a line for each of its fields, or more when that is a list."""
    if as_json:
        click.echo(json.dumps(row, default=_exact, ensure_ascii=False, indent=1))
        return
    width = max(map(len, row))
    for name, value in row.items():
        for number, part in enumerate(value if isinstance(value, list) else [value]):
            click.echo(f"{'' if number else name:{width}}  {_short(part)}".rstrip())


def _exact(value: datetime) -> str:
    return value.isoformat()


def _short(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else redaction.one_line(str(value))


def _fit(text: str, width: int) -> str:
    return f"{text:{width}}" if len(text) <= width else text[: width - 1] + "…"
