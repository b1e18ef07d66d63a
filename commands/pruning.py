"""prune: what to keep, as a plan and then as a view."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from .options import Settings, of_space, reads
from .output import print_json, print_table, safe

SELECTORS = ("facility", "jsd", "kcenter", "medoid", "random", "semdedup")
"""Kept in step with pruning.selectors by a test: the registry itself is too heavy to import for --help."""


@click.command()
@click.argument("selector", type=click.Choice(SELECTORS), default="facility")
@click.option("--as", "name", metavar="NAME", help="Save the plan as this view.")
@click.option("--dry-run", is_flag=True, help="Show the plan only.")
@click.option(
    "--eps", type=click.FloatRange(0, 1), help="facility, kcenter: coverage given up per cluster [default: 0.05]."
)
@click.option("--t", type=click.FloatRange(0, 1), help="jsd: from 0, keep all, to 1 [default: 0.5].")
@click.option("--keep", type=float, help="A budget instead: a share (0.5) or a count (1000).")
@click.option(
    "--duplicate-score", type=click.FloatRange(0, 1), help="Duplicates collapse at this cosine first [0.98]; 0: off."
)
@click.option("--min-cluster-size", type=click.IntRange(2), help="HDBSCAN [default: 10].")
@click.option("--min-samples", type=click.IntRange(1), help="HDBSCAN [default: 5].")
@click.option("--noise", type=click.Choice(["keep", "prune", "cluster"]), help="Clips in no cluster [default: keep].")
@click.option("--split", metavar="NAME", help="The only split to prune [default: train, where there are splits].")
@click.option("--seed", type=int, help="[default: 0]")
@of_space
@reads
@click.pass_context
def prune(
    context: click.Context, /, selector: str, name: str | None, dry_run: bool, json_: bool, **options: Any
) -> None:
    """Plan which clips to keep: duplicates collapse, HDBSCAN clusters, SELECTOR chooses in each. Files are never
    touched.

    \b
    Example:
      echodex prune facility --eps 0.05 --dry-run
      echodex prune facility --eps 0.05 --as lean
    """
    if not name and not dry_run:
        raise UsageError("say --as NAME to save the plan as a view, or --dry-run to look at it")
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    if (keep := given.get("keep")) is not None and keep > 1:
        given["keep"] = int(keep)
    plan = settings.open().prune(selector, **given)
    saved = plan.save(name) if name and not dry_run else None
    if json_:
        print_json({"view": saved, "summary": plan.summary()})
        return
    _print_summary(plan.summary())
    click.echo(f"saved as {saved.address}" if saved else "nothing written (dry run)")


def _print_summary(summary: Any) -> None:
    share = summary.kept / summary.clips if summary.clips else 0.0
    hours = f"{summary.hours_kept:.2f} of {summary.hours:.2f} h"
    click.echo(f"keeps {summary.kept} of {summary.clips} clips ({share:.1%}), {hours}")
    for warning in summary.warnings:
        click.echo(f"warning: {safe(warning)}")
    print_table(["reason", "clips"], sorted(summary.reasons.items()))
    clusters = [(c.cluster, c.size, c.kept, c.coverage) for c in summary.clusters]
    print_table(["cluster", "size", "kept", "coverage"], clusters)
    for example in summary.examples:
        pruned, kept = safe(example.path), safe(example.representative_path)
        click.echo(f"  {example.similarity:.3f}  {pruned}  is covered by  {kept}")
