"""map: where the clips of a space lie in two dimensions, kept in the store, and drawn."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from .options import Settings, as_json, of_space
from .output import print_json


@click.command("map")
@of_space
@click.option(
    "--method", type=click.Choice(["pca", "umap"]), default="pca", show_default=True, help="Principal axes, or UMAP."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Of umap [default: that of the map that is kept, or 0]."
)
@click.option("--refit", is_flag=True, help="Make it anew, with all clips.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it, too.")
@click.option(
    "--color",
    "colors",
    multiple=True,
    metavar="COLUMN",
    help="With --png: a panel coloured by label, cluster, split, duration_s or another column [default: label].",
)
@click.option("--view", "views", multiple=True, metavar="NAME[@VERSION]", help="With --png: a panel of what it keeps.")
@as_json
@click.pass_context
def map_(
    context: click.Context,
    /,
    space: str | None,
    method: str,
    seed: int | None,
    refit: bool,
    png: Path | None,
    json_: bool,
    **drawing: tuple[str, ...],
) -> None:
    """Lay out the clips of a space in two dimensions, and keep that in the store; with --png draw it.

    By principal axes, or by UMAP (`pip install 'echodex[map]'`). A map that is kept is brought up to date: clips that
    are gone are dropped, new ones are placed where they belong among the others, which stay where they are.

    \b
    Example:
      echodex map --png map.png --view lean
      echodex map --method umap --png map.png --color label --color duration_s
    """
    if seed is not None and method == "pca":
        raise UsageError("--seed goes with --method umap: principal axes draw nothing")
    if any(drawing.values()) and png is None:
        raise UsageError("--color and --view say what is drawn; give a file with --png")
    settings: Settings = context.obj
    store = settings.open()
    made = store.map(space, method, seed=seed, refit=refit, png=png, progress=settings.progress, **drawing)
    if json_:
        print_json({"map": made.info, "png": png})
        return
    drawn = f"; {png}" if png else ""
    placed = f", {made.info.placed:,} of them placed later" if made.info.placed else ""
    click.echo(f"{made.info.space}: {made.info.clips:,} clips by {method}{placed}{drawn}")
