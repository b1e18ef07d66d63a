"""What commands print on stdout: one JSON object, or plain tables. Text from files is escaped: it cannot move the
cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click

from ..schemas.plain import plain

if TYPE_CHECKING:
    from ..store.reading import Problem

SHOWN_PROBLEMS = 20


def print_json(value: Any) -> None:
    """Print dataclasses, lists and dicts of them as JSON."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=1)
    click.echo("\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    """Return a line of JSON with what could move the cursor, and names of files that are not UTF-8, as JSON escapes
    them.
    """
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a header, columns aligned: text to the left, numbers to the right."""
    shown = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *shown]) for i in range(len(columns))]
    right = [bool(shown) and all(_is_number(line[i]) for line in shown) for i in range(len(columns))]
    for line in [list(columns), *shown]:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        click.echo("  ".join(cells).rstrip())


class Report(Protocol):
    """What an evaluation comes to: a dataclass that can also be read."""

    def header(self) -> str:
        """Return what was evaluated, in a line."""

    def table(self) -> tuple[list[str], list[tuple[object, ...]]]:
        """Return columns and rows."""


def print_report(report: Report, json_: bool) -> None:
    """Print a report as JSON, or as a line and a table."""
    if json_:
        print_json(report)
        return
    click.echo(report.header())
    print_table(*report.table())


def print_problems(problems: Sequence[Problem]) -> None:
    """Print how many files are not ok, and of the first of them which and why."""
    if not problems:
        return
    click.echo(f"{len(problems)} files are not ok:")
    print_table(["reason", "file", "detail"], [(p.reason, p.path, p.detail) for p in problems[:SHOWN_PROBLEMS]])
    print_more(len(problems) - SHOWN_PROBLEMS)


def print_more(count: int, what: str = "") -> None:
    """Print that `count` more are not shown, `what` they are where the table does not say; nothing for none."""
    if count > 0:
        click.echo(f"... and {count} more{f' {what}' if what else ''} (--json lists all)")


def safe(text: str) -> str:
    """Return `text` with control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def span(start_s: float, end_s: float) -> str:
    """Return "1:02.0-1:10.5"."""
    return f"{clock(start_s)}-{clock(end_s)}"


def clock(seconds: float) -> str:
    """Return "1:02:03.5" or "2:03.5"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{rest / 10:04.1f}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else safe(str(value))


def _is_number(text: str) -> bool:
    return text == "-" or text.lstrip("+-").replace(".", "", 1).isdecimal()
