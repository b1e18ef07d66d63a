"""What `views diff` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import print_table, safe

if TYPE_CHECKING:
    from ..pruning.diff import ViewDiff
    from ..pruning.diff_space import SpaceDiff

LABELS_SHOWN = 20


def print_diff(found: ViewDiff) -> None:
    """Print two views side by side; what they have none of is left out."""
    a, b = found.a, found.b if found.b != found.a else f"{found.b} (second)"
    parts = [(f"only in {a}", found.only_a), (f"only in {b}", found.only_b), ("in both", found.both)]
    print_table(["", "clips", "hours"], [(name, part.clips, part.hours) for name, part in parts])
    if found.labels:
        click.echo()
        labels = sorted(found.labels, key=lambda one: (-abs(one.a - one.b), one.label))
        rows = [(one.label, one.a, one.b, one.both) for one in labels[:LABELS_SHOWN]]
        print_table(["label", a, b, "both"], rows)
        if len(labels) > LABELS_SHOWN:
            click.echo(f"and {len(labels) - LABELS_SHOWN} more labels that differ less (--json has all)")
    click.echo()
    _print_space(found.vectors, a, b)


def _print_space(found: SpaceDiff, a: str, b: str) -> None:
    rows: list[tuple[str, float | None, float | None]] = []
    for clusters in found.clusters:
        rows.append((f"clusters of {clusters.of}, of {clusters.clusters}", clusters.in_a, clusters.in_b))
        rows.append(("  lost, while the other has them", len(clusters.lost_a), len(clusters.lost_b)))
    if found.coverage:
        rows.append(
            (f"coverage of {found.coverage.clips} common clips", found.coverage.source_by_a, found.coverage.source_by_b)
        )
        rows.append(("coverage of the other's clips", found.coverage.b_by_a, found.coverage.a_by_b))
    if found.leakage:
        score = found.leakage.duplicate_score
        rows.append((f"clips with a duplicate ({score:g}) in another split", found.leakage.a, found.leakage.b))
    if rows:
        print_table([f"in space {found.space}", a, b], rows)
    for clusters in found.clusters:
        for view, lost in ((a, clusters.lost_a), (b, clusters.lost_b)):
            if lost:
                click.echo(f"{view} keeps nothing of clusters {', '.join(map(str, lost))} of {clusters.of}")
    for note in found.notes:
        click.echo(f"note: {safe(note)}")
