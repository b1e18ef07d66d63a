"""status: what the store holds."""

from __future__ import annotations

import click

from .options import Settings, as_json
from .output import clock, print_json, print_table


@click.command()
@as_json
@click.pass_context
def status(context: click.Context, /, json_: bool) -> None:
    """Count clips, hours, reasons, spaces and views, and show who is at work on the store.

    \b
    Example:
      echodex status --json
    """
    settings: Settings = context.obj
    found = settings.open().status()
    if json_:
        print_json(found)
        return
    click.echo(f"{found.path}: {found.clips} clips, {found.hours:.2f} usable hours, {found.size_bytes / 1e6:.1f} MB")
    print_table(["status", "clips"], sorted(found.statuses.items()))
    if found.reasons:
        print_table(["reason", "clips"], sorted(found.reasons.items()))
    if found.spaces:
        print_table(["space", "dim", "clips", "encoder"], [(s.name, s.dim, s.clips, s.note) for s in found.spaces])
    if found.waveforms:
        print_table(["waveforms", "clips"], sorted(found.waveforms.items()))
    if found.frames:
        print_table(["frames", "clips"], sorted(found.frames.items()))
    if found.decisions:
        print_table(["decision", "made"], sorted(found.decisions.items()))
    if found.views:
        click.echo(f"views: {', '.join(found.views)}")
    if found.running:
        print_table(
            ["running", "stage", "done", "of", "left", "process"],
            [(one.verb, one.stage, one.done, one.total, _left(one.left_s), one.pid) for one in found.running],
        )


def _left(seconds: float | None) -> str | None:
    return None if seconds is None else clock(seconds)
