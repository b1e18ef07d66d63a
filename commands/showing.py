"""What `prune` and `views show` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .clustering import AGREEMENT, print_clusters
from .output import print_table, safe

if TYPE_CHECKING:
    from ..pruning.summary import PlanSummary
    from ..pruning.sweep import SweepPoint

_STANDS_FOR = {"duplicate": "is a duplicate of", "leakage": "is a duplicate, across splits, of"}
"""By the reason (schemas.view.Kept) that a clip is left out."""


def print_summary(summary: PlanSummary) -> None:
    """Print what a plan keeps, of what, how it came about, and what to look out for."""
    hours = f"{summary.hours_kept:.2f} of {summary.hours:.2f} h"
    click.echo(f"keeps {summary.kept} of {summary.clips} clips ({summary.share:.1%}), {hours}")
    of = f" of split {safe(summary.split)}" if summary.split else ""
    pruned = f"pruned: {summary.pool_clips} clips{of}, {summary.pool_kept} of them kept"
    click.echo(f"{pruned}, coverage {summary.coverage:.3f}")
    click.echo(f"duplicates: {summary.duplicate_groups} groups{_recall(summary.duplicates_recall)}")
    agreement = summary.agreement
    measured = "" if agreement is None else f"; {AGREEMENT}: {agreement:.4f}"
    click.echo(f"clusters: {summary.clustering}{measured}")
    for warning in summary.warnings:
        click.echo(f"warning: {safe(warning)}")
    print_table(["reason", "clips"], sorted(summary.reasons.items()))
    print_clusters(
        ["cluster", "size", "kept", "coverage"], [(c.cluster, c.size, c.kept, c.coverage) for c in summary.clusters]
    )
    for example in summary.examples:
        stands = _STANDS_FOR.get(example.reason, "is covered by")
        pruned, kept = safe(example.path), safe(example.representative_path)
        click.echo(f"  {example.similarity:.3f}  {pruned}  {stands}  {kept}")


def print_sweep(points: Sequence[SweepPoint]) -> None:
    """Print a line for each budget."""
    rows = [(p.share, p.kept, p.hours, p.coverage, p.duplicates_left, p.label_shift, p.duration_shift) for p in points]
    print_table(["share", "kept", "hours", "coverage", "duplicates left", "label shift", "duration shift"], rows)
    if points and (said := _recall(points[0].duplicates_recall)):
        click.echo(f"duplicates left{said}")


def print_recipe(recipe: Mapping[str, Any]) -> None:
    """Print what a view was made from, and then each setting of its plan, if it has them. Decisions, of which there may
    be thousands, are counted.
    """
    if decisions := recipe.get("decisions"):
        recipe = {**recipe, "decisions": {kind: len(clips) for kind, clips in decisions.items()}}
    print_table(["recipe", ""], [(key, _text(value)) for key, value in sorted(recipe.items()) if key != "config"])
    if settings := recipe.get("config"):
        print_table(["setting", ""], [(key, _text(value)) for key, value in sorted(settings.items())])


def _recall(recall: float) -> str:
    return "" if recall == 1 else f", found at a recall of {recall:.4f}, as measured on a sample"


def _text(value: Any) -> str | None:
    """Return a value as one cell: exact numbers, lists without brackets; None for nothing."""
    if isinstance(value, Mapping):
        value = [f"{key}={item}" for key, item in value.items()]
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value)) or None
    return None if value is None else str(value)
