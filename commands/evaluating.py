"""evaluate: protocols over runs and views."""

from __future__ import annotations

import click

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
@click.option("--view", required=True, metavar="NAME[@VERSION]", help="The view to judge.")
@click.option(
    "--against",
    type=click.Choice(["random", "uniform"]),
    default="random",
    show_default=True,
    help="Drawn within clusters, or from all.",
)
@click.option("--repeats", type=click.IntRange(2), default=5, show_default=True, help="Pairs of fresh runs.")
@of_space
@as_json
@click.pass_context
def pruning(context: click.Context, /, view: str, against: str, repeats: int, space: str | None, json_: bool) -> None:
    """Compare heads trained on a view with heads trained on random subsets of its size, in pairs, and with everything.

    \b
    Example:
      echodex evaluate pruning --view lean --against random --repeats 5
    """
    from ..api import evaluate_pruning

    settings: Settings = context.obj
    report = evaluate_pruning(store=settings.open(), view=view, against=against, repeats=repeats, space=space)
    if json_:
        print_json(report)
    else:
        click.echo(report.text())
