"""train: objectives over a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import UsageError
from .options import Settings, as_json, of_space
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..api import Run

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def train() -> None:
    """Train from a view, straight from the tables."""


def of_training(command: F) -> F:
    """Add what every training takes: KEY=VALUE, --view, --name, --config and --json."""
    command = click.option(
        "--config", type=click.Path(), help="A YAML file of settings, or `clmr`; KEY=VALUE overrides it."
    )(command)
    command = click.option("--name", help="The run's name [default: made from the view].")(command)
    command = click.option(
        "--view", default="all", show_default=True, metavar="NAME[@VERSION]", help="What to train on."
    )(command)
    command = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")(command)
    return click.pass_context(as_json(command))  # type: ignore[return-value]


def of_files(command: F) -> F:
    """Add --strict, for what reads source files."""
    return click.option(
        "--strict", is_flag=True, help="Stop at the first clip that cannot be read; it is left out otherwise."
    )(command)


@train.command()
@click.option("--from-head", type=click.Path(), metavar="FILE", help="Train nothing: take this published head.")
@click.option(
    "--classes",
    metavar="NAME|FILE",
    help="Of --from-head, in the order of its outputs: magnatagatune, store, or a file.",
)
@of_space
@of_training
def probe(context: click.Context, /, from_head: str | None, classes: str | None, **options: Any) -> None:
    """Train a linear or one-hidden-layer head on the vectors of a view. Interrupt it and run it again to continue.

    With --from-head, the run has a head that was trained elsewhere; of the settings it takes labels=COLUMN alone.

    \b
    Example:
      echodex train probe --view lean hidden=512 max_epochs=50
      echodex train probe --from-head finetuner_checkpoint_200.pt --classes magnatagatune --space clmr
    """
    if from_head or classes:
        _take_head(context, from_head, classes, **options)
    else:
        _train(context, "probe", **options)


@train.command()
@of_files
@of_training
def clmr(context: click.Context, /, **options: Any) -> None:
    """Train an encoder on the clips of a view, without labels, by contrasting augmented crops (CLMR). Interrupt it and
    run it again to continue.

    \b
    Example:
      echodex train clmr --view lean --name clmr --config clmr max_epochs=500
      echodex embed run:clmr
    """
    _train(context, "clmr", **options)


@train.command()
@of_files
@of_training
def supervised(context: click.Context, /, **options: Any) -> None:
    """Train SampleCNN on the labels of a view, from waveforms: the baseline of CLMR. Interrupt it and run it again to
    continue. The run is an encoder, and a head on it.

    \b
    Example:
      echodex train supervised --view lean --name baseline preset=clmr-small max_epochs=50
      echodex embed run:baseline
      echodex evaluate tags baseline
    """
    _train(context, "supervised", **options)


@train.command()
@of_files
@of_training
def fingerprint(context: click.Context, /, **options: Any) -> None:
    """Train an audio fingerprint on the clips of a view: segments of them against degraded replicas. Interrupt it and
    run it again to continue. The run is an encoder.

    noise=PATH, rooms=PATH and speech=PATH are folders of audio or stores; what is not given is synthetic. `echodex
    materialise --rate 8000` makes it read faster. --config takes files of neural-audio-fp and of pfann as they are.

    \b
    Example:
      echodex train fingerprint --view lean --name prints noise=street/ rooms=responses/,synthetic max_epochs=50
      echodex train fingerprint preset=640_lamb workers=8
      echodex train fingerprint --config neural-audio-fp/config/default.yaml noise=synthetic
      echodex embed run:prints
    """
    _train(context, "fingerprint", **options)


@train.command()
@of_files
@of_training
def versions(context: click.Context, /, **options: Any) -> None:
    """Train an encoder of musical versions on the works of a view (CLEWS): clips with the same name in their column
    `work` against all others. Interrupt it and run it again to continue. The run is an encoder.

    It reads constant-Q frames, of files of features or computed before the first epoch. Splits are by work: the split
    column says them, or they are drawn. preset=dvi and preset=shs are the published sizes and settings, for GPUs.

    \b
    Example:
      echodex train versions --view lean --name covers max_epochs=50
      echodex train versions preset=shs devices=2 start=checkpoint_best.ckpt
      echodex embed run:covers
      echodex evaluate versions --space run:covers --where "split = 'test'"
    """
    _train(context, "versions", **options)


@train.command()
@click.option("--space", metavar="NAME", help="Whose vectors it learns from [default: datacos].")
@of_training
def autoencoder(context: click.Context, /, **options: Any) -> None:
    """Train an autoencoder on the vectors of a space, as they are stored: features to 20 numbers and back. Interrupt it
    and run it again to continue. The run is an encoder of that space's vectors.

    preset=published is the da-TACOS study's own, on raw features; by default they are standardised inside, and the
    last layers can give negatives.

    \b
    Example:
      echodex train autoencoder --name ae
      echodex train autoencoder preset=published max_epochs=100
      echodex embed run:ae
    """
    _train(context, "autoencoder", **options)


def _train(
    context: click.Context,
    objective: str,
    *,
    config: str | None,
    overrides: tuple[str, ...],
    json_: bool,
    **options: Any,
) -> None:
    from dataclasses import asdict

    from ..api import train as run_training
    from ..training.launch import launched
    from ..training.objectives import find_objective
    from ..training.settings import read_settings

    settings: Settings = context.obj
    chosen = find_objective(objective)
    said = read_settings(chosen.kind, chosen.presets, config, overrides, chosen.translate)
    run = run_training(objective, store=settings.open(), progress=settings.progress, **options, **asdict(said))
    launch = launched()
    if launch is None or launch.rank == 0:
        _show(run, json_)


def _take_head(
    context: click.Context,
    head: str | None,
    classes: str | None,
    *,
    overrides: tuple[str, ...],
    json_: bool,
    name: str | None,
    space: str | None,
    **of_training: str | None,
) -> None:
    from ..api import probe_from_head

    settings: Settings = context.obj
    odd = [text for text in overrides if not text.startswith("labels=")]
    if not head or not classes or odd or of_training != {"view": "all", "config": None}:
        raise UsageError(
            "--from-head FILE and --classes NAME|FILE go together, with --space, --name and labels=COLUMN: nothing is "
            "trained, so no view, configuration or other setting is taken"
        )
    told = {"labels": overrides[-1].partition("=")[2]} if overrides else {}
    run = probe_from_head(head, classes=classes, store=settings.open(), name=name, space=space, **told)
    _show(run, json_)
    if run.config["note"] and not json_:
        click.echo(run.config["note"])


def _show(run: Run, json_: bool) -> None:
    if json_:
        print_json(run)
    else:
        click.echo(f"run {run.name} on {run.view}" + (f": {len(run.classes)} classes" if run.classes else ""))
        print_table(["metric", "value"], sorted(run.metrics.items()))
