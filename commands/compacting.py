"""compact: the store in as little room as it can do with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import Settings, as_json
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..store.compacting import CompactReport


@click.command()
@click.option(
    "--keep-days",
    type=click.FloatRange(0),
    metavar="N",
    help="Keep superseded versions so long for who still reads them "
    "[default: 1 where others have the store open, else 0].",
)
@click.option("--dry-run", is_flag=True, help="Only say what would come of it, the bytes about.")
@as_json
@click.pass_context
def compact(context: click.Context, /, keep_days: float | None, dry_run: bool, json_: bool) -> None:
    """Join small fragments, and let go of rows of removed clips, of old versions and of what killed writers left.

    What views, indexes, graphs, maps and clusterings stand on stays as it is. Others may read and write meanwhile. Safe
    to interrupt and to repeat.

    \b
    Example:
      echodex compact --dry-run
    """
    settings: Settings = context.obj
    report = settings.open().compact(keep_days=keep_days, dry_run=dry_run, progress=settings.progress)
    if json_:
        print_json({**report.__dict__, "bytes_before": report.bytes_before, "bytes_after": report.bytes_after})
        return
    print_table(
        ["table", "fragments", "removed rows", "versions", "MB", "older versions held by"],
        [
            (
                room.table,
                _moved(room.fragments_before, room.fragments_after),
                _moved(room.removed_before, room.removed_after),
                _moved(room.versions_before, room.versions_after),
                _moved(f"{room.bytes_before / 1e6:.2f}", f"{room.bytes_after / 1e6:.2f}"),
                ", ".join(room.held) or None,
            )
            for room in report.tables
        ],
    )
    click.echo(_summary(report, keep_days))


def _summary(report: CompactReport, keep_days: float | None) -> str:
    before, after = report.bytes_before / 1e6, report.bytes_after / 1e6
    line = f"{before:.1f} MB of tables {'would be about' if report.dry_run else 'are now'} {after:.1f} MB"
    if report.others and keep_days is None:
        line += "; others have the store open: what they may still read stays for a day"
    return line


def _moved(before: object, after: object) -> str:
    return f"{before}" if before == after else f"{before} to {after}"
