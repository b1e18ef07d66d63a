"""train: objectives over a view."""

from __future__ import annotations

from typing import Any

import click

from .options import Settings, as_json, of_space
from .output import print_json, print_table


@click.group()
def train() -> None:
    """Train from a view, straight from the tables."""


@train.command()
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--view", default="all", show_default=True, metavar="NAME[@VERSION]", help="What to train on.")
@click.option("--name", help="The run's name [default: made from the view].")
@click.option("--config", type=click.Path(), help="A YAML file of settings; KEY=VALUE overrides it.")
@of_space
@as_json
@click.pass_context
def probe(
    context: click.Context, /, json_: bool, overrides: tuple[str, ...], config: str | None, **options: Any
) -> None:
    """Train a linear or one-hidden-layer head on the vectors of a view. Interrupt it and run it again to continue.

    \b
    Example:
      echodex train probe --view lean hidden=512 max_epochs=50
    """
    from ..api import train as run_training
    from ..training.config import read_settings

    settings: Settings = context.obj
    run = run_training(
        "probe",
        store=settings.open(),
        progress=settings.progress,
        **options,
        **read_settings(config, overrides),
    )
    if json_:
        print_json(run)
    else:
        click.echo(f"run {run.name} on {run.view}: {len(run.classes)} classes")
        print_table(["metric", "value"], sorted(run.metrics.items()))
