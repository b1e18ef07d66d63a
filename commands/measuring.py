"""distance: how far apart two clips or works are."""

from __future__ import annotations

import click

from .options import Settings, as_json, of_space
from .output import print_json, safe


@click.command()
@click.argument("a")
@click.argument("b")
@of_space
@as_json
@click.pass_context
def distance(context: click.Context, /, a: str, b: str, space: str | None, json_: bool) -> None:
    """Tell how far A is from B in a space, each a clip (id or path) or a work: the mean Euclidean distance.

    Of the vectors as they are stored, over all pairs but those of a clip with itself: a work and itself give the mean
    within it.

    \b
    Example:
      echodex distance W_14 W_77 --space run:ae
      echodex distance song.mp3 cover.mp3
    """
    settings: Settings = context.obj
    found = settings.open().distance(a, b, space=space)
    if json_:
        print_json(found)
    else:
        clips = f"{found.a_clips} x {found.b_clips} clips"
        click.echo(f"{found.mean:.6g}  {safe(found.a)}  {safe(found.b)}  ({found.space}, {clips})")
