"""evaluate: protocols over runs and views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from .options import Settings, as_json, of_space
from .output import print_json, print_table


@click.group()
def evaluate() -> None:
    """Evaluate runs and views by published protocols."""


@evaluate.command()
@click.argument("run")
@click.option(
    "--view", default="all", show_default=True, metavar="NAME[@VERSION]", help="Only clips that this view keeps."
)
@click.option("--split", default="test", show_default=True, help="The split to evaluate on.")
@as_json
@click.pass_context
def tags(context: click.Context, /, run: str, view: str, split: str, json_: bool) -> None:
    """Evaluate RUN: window probabilities averaged per clip, then macro ROC-AUC and PR-AUC, or accuracy.

    \b
    Example:
      echodex evaluate tags probe-lean
    """
    settings: Settings = context.obj
    metrics = settings.open().run(run).evaluate("tags", view=view, split=split)
    if json_:
        print_json(metrics)
    else:
        print_table(["metric", "value"], sorted(metrics.items()))


@evaluate.command()
@click.option("--view", metavar="NAME[@VERSION]", help="Judge this view.")
@click.option(
    "--against",
    type=click.Choice(["random", "uniform"]),
    help="With --view: drawn within clusters, or from all [default: random].",
)
@click.option(
    "--methods",
    metavar="NAME,...",
    help="Judge these instead: selectors, and draws by chance: random, distinct, uniform.",
)
@click.option("--keep", metavar="SHARE,...", help="With --methods: kept shares [default: 0.75,0.5].")
@click.option("--inject", type=click.FloatRange(0, 1), help="With --methods: share of planted duplicates [default: 0].")
@click.option("--group-by", metavar="COLUMN", help="With --methods: no value of it on two sides of a split.")
@click.option("--split", metavar="NAME", help="With --methods: only clips of this split take part.")
@click.option(
    "--duplicate-score", type=click.FloatRange(0, 1), help="With --methods: as of prune [default: 0.98]; 0: off."
)
@click.option("--plot", type=click.Path(dir_okay=False), metavar="FILE.png", help="With --methods: draw it as well.")
@click.option("--repeats", type=click.IntRange(2), help="Pairs of fresh runs [default: 5; 10 with --methods].")
@of_space
@as_json
@click.pass_context
def pruning(context: click.Context, /, json_: bool, **options: Any) -> None:
    """Compare heads trained on a view, or on what methods keep, with heads trained on random clips and on everything.

    As many clips for each, in pairs of one seed and one split.

    \b
    Example:
      echodex evaluate pruning --view lean --against random --repeats 5
      echodex evaluate pruning --methods facility,jsd,distinct --keep 0.75,0.5 --inject 0.5 --group-by artist
    """
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    if "methods" in given and "view" not in given:
        _judge_methods(settings, given, json_)
    elif "view" in given and given.keys() <= {"view", "against", "repeats", "space"}:
        _judge_view(settings, given, json_)
    else:
        raise UsageError("say either --view NAME, with --against, or --methods NAME,..., with the options of those")


def _judge_view(settings: Settings, given: dict[str, Any], json_: bool) -> None:
    from ..api import evaluate_pruning

    report = evaluate_pruning(store=settings.open(), progress=settings.progress, **given)
    if json_:
        print_json(report)
    else:
        click.echo(report.text())


def _judge_methods(settings: Settings, given: dict[str, Any], json_: bool) -> None:
    from ..api import compare_methods
    from ..pruning.config import PruneConfig

    if "against" in given:
        raise UsageError("--against goes with --view; of --methods, all are compared with random")
    plot, space = given.pop("plot", None), given.pop("space", None)
    if "duplicate_score" in given:
        given["prune"] = PruneConfig(duplicate_score=given.pop("duplicate_score"))
    if "keep" in given:
        given["keeps"] = _shares(given.pop("keep"))
    methods = tuple(name.strip() for name in given.pop("methods").split(","))
    report = compare_methods(space=space, store=settings.open(), progress=settings.progress, methods=methods, **given)
    if plot:
        from ..evaluation.methods_plot import draw_methods

        draw_methods(report, Path(plot))
    if json_:
        print_json(report)
        return
    click.echo(report.header())
    print_table(*report.table())
    for line in (*report.dropped, report.verdict):
        click.echo(line)


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--keep takes shares such as 0.75,0.5, not {text[:80]!r}") from None
