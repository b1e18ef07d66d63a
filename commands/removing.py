"""remove: take clips out of the store."""

from __future__ import annotations

import click

from ..errors import UsageError
from .options import Settings, as_json
from .output import print_json


@click.command()
@click.argument("clips", nargs=-1, metavar="[CLIP]...")
@click.option("--where", metavar="SQL", help="The clips that this filter selects, as in \"status = 'bad'\".")
@click.option("--missing", is_flag=True, help="The clips of which no file is there any more.")
@click.option("--yes", is_flag=True, help="Do it. Without, only say how many clips it would be.")
@as_json
@click.pass_context
def remove(
    context: click.Context, /, clips: tuple[str, ...], where: str | None, missing: bool, yes: bool, json_: bool
) -> None:
    """Remove clips, usable or not, with vectors, waveforms and frames: by id, path or filter, or those without a file.

    A clip found in several places goes as a whole. Files are never touched: adding one again makes a new row. Views
    that were saved stay what they are, with the clips they had. What was interrupted is finished by the next removal.

    \b
    Example:
      echodex remove --where "status = 'bad'"
      echodex remove song42.mp3 --yes
    """
    from ..store.removing import clips_missing, clips_named, clips_where

    if bool(clips) + (where is not None) + missing != 1:
        raise UsageError("say what to remove in one way: clips by id or path, --where, or --missing")
    settings: Settings = context.obj
    store = settings.open()
    if yes:
        store.remove([])  # finishes what was interrupted, be it of clips that have no name any more
    if clips:
        found = clips_named(store.tables, clips)
    else:
        found = clips_missing(store.tables) if where is None else clips_where(store.tables, where)
    if yes:
        store.remove(found)
    if json_:
        print_json({"clips": len(found), "removed": yes})
    else:
        noun = "clip" if len(found) == 1 else "clips"
        click.echo(f"removed {len(found)} {noun}" if yes else f"would remove {len(found)} {noun}; --yes does it")
