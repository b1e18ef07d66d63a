"""evaluate: protocols over runs and views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from .evaluating_cliques import cliques
from .evaluating_fingerprints import fingerprint
from .evaluating_versions import versions
from .idle import refuse_idle_stops
from .options import Settings, as_json, of_space
from .output import print_json, print_table

_OF_PRUNE = ("duplicate_score", "eps", "t", "min_cluster_size", "min_samples")


@click.group()
def evaluate() -> None:
    """Evaluate runs, views, fingerprints and versions by published protocols."""


evaluate.add_command(cliques)
evaluate.add_command(fingerprint)
evaluate.add_command(versions)


@evaluate.command()
@click.argument("run", required=False)
@click.option("--view", metavar="NAME[@VERSION]", help="Only clips that this view keeps [default: all].")
@click.option("--split", help="With RUN: the split to evaluate on [default: test].")
@click.option("--per-tag", is_flag=True, default=None, help="With RUN: a table of the tags as well.")
@click.option(
    "--bootstrap", "resamples", type=click.IntRange(100), metavar="N", help="With RUN: intervals by N resamples."
)
@click.option("--seed", type=click.IntRange(0), help="With --bootstrap: of the resamples [default: 0].")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="Without RUN: train fresh heads on --view and on this view, and compare them in pairs.",
)
@click.option("--repeats", type=click.IntRange(2), help="With --baseline: pairs of fresh heads [default: 5].")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="With --baseline: as of `train probe`.")
@of_space
@as_json
@click.pass_context
def tags(context: click.Context, /, json_: bool, **options: Any) -> None:
    """Evaluate RUN, or views against each other: window probabilities averaged per clip, then ROC-AUC and PR-AUC by
    tag and by clip, or accuracy.

    \b
    Example:
      echodex evaluate tags probe-lean --per-tag --bootstrap 1000
      echodex evaluate tags --view lean --baseline all --set label_share=0.1
    """
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value not in (None, ())}
    if "run" in given and given.keys() <= {"run", "view", "split", "per_tag", "resamples", "seed"}:
        _evaluate_run(settings, given, json_)
    elif {"view", "baselines"} <= given.keys() <= {"view", "baselines", "repeats", "overrides", "space"}:
        _compare_views(settings, given, json_)
    else:
        raise UsageError("say either RUN, with its options, or --view NAME and --baseline NAME, with theirs")


def _evaluate_run(settings: Settings, given: dict[str, Any], json_: bool) -> None:
    if "seed" in given and "resamples" not in given:
        raise UsageError("--seed goes with --bootstrap")
    per_tag = given.pop("per_tag", False)
    report = settings.open().run(given.pop("run")).report(**given)
    if json_:
        print_json(report)
        return
    print_table(*report.table())
    if per_tag:
        print_table(*report.tag_table())
    if report.note:
        click.echo(report.note)


def _compare_views(settings: Settings, given: dict[str, Any], json_: bool) -> None:
    from ..api import compare_views
    from ..training.config import PRESETS, ProbeConfig
    from ..training.settings import read_settings

    config = read_settings(ProbeConfig, PRESETS, None, given.pop("overrides", ()))
    report = compare_views(store=settings.open(), progress=settings.progress, config=config, **given)
    if json_:
        print_json(report)
    else:
        click.echo(report.text())


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
@click.option(
    "--eps", type=click.FloatRange(0, 1), help="With --methods: as of prune, of those that have it [default: 0.05]."
)
@click.option(
    "--t", type=click.FloatRange(0, 1), help="With --methods: as of prune, of those that have it [default: 0.5]."
)
@click.option("--min-cluster-size", type=click.IntRange(2), help="With --methods: as of prune [default: 10].")
@click.option("--min-samples", type=click.IntRange(1), help="With --methods: as of prune [default: 5].")
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
    if "keep" in given:
        given["keeps"] = _shares(given.pop("keep"))
    methods = tuple(name.strip() for name in given.pop("methods").split(","))
    refuse_idle_stops(methods, given)
    if settings_of_prune := {name: given.pop(name) for name in _OF_PRUNE if name in given}:
        given["prune"] = PruneConfig(**settings_of_prune)
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
