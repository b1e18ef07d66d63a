"""relocate: source files lie elsewhere now."""

from __future__ import annotations

import click

from ..errors import EXIT_BAD_FILES
from .options import Settings, as_json
from .output import print_json, print_problems, safe


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--verify", is_flag=True, help="Compare bytes, also where size and time are what they were.")
@click.option("--dry-run", is_flag=True, help="Only look.")
@as_json
@click.pass_context
def relocate(context: click.Context, /, old: str, new: str, verify: bool, dry_run: bool, json_: bool) -> None:
    """Say that the files that were added from the folder (or file) OLD are at NEW now.

    Each file is looked at: it has to be there with the size and time that it had, or else with the same bytes. Of
    others nothing is changed, and exit code 3 says that there are some. Files are never touched. Safe to repeat.

    \b
    Example:
      echodex relocate /mnt/old/music ~/music --dry-run
    """
    settings: Settings = context.obj
    report = settings.open().relocate(old, new, verify=verify, dry_run=dry_run, progress=settings.progress)
    if json_:
        print_json(report)
    else:
        moved = "would be" if dry_run else "are"
        click.echo(f"{report.moved} files of {report.clips} clips {moved} at {safe(report.new)} now")
        print_problems(report.problems)
    context.exit(EXIT_BAD_FILES if report.problems else 0)
