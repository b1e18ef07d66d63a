"""demo: the whole main job, on a corpus it makes or a folder of yours."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from .options import Settings, as_json
from .output import print_json


@click.command()
@click.option("--audio", type=click.Path(path_type=Path), help="A folder of audio instead of the corpus made here.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to put it [default: a new temporary folder].")
@click.option("--seed", default=0, show_default=True)
@as_json
@click.pass_context
def demo(context: click.Context, /, audio: Path | None, out: Path | None, seed: int, json_: bool) -> None:
    """Run the main job: add, embed, duplicates, prune, probe; print one table, draw a map, write a report.

    \b
    Example:
      echodex demo
      echodex demo --audio ~/music
      echodex --store s3://bucket/demo demo
    """
    from ..demo.pipeline import run_demo

    settings: Settings = context.obj
    folder = out or Path(tempfile.mkdtemp(prefix="echodex-demo-"))
    result = run_demo(folder, audio=audio, place=settings.store, seed=seed, progress=settings.progress)
    if json_:
        print_json(result)
    else:
        click.echo(result.text())
