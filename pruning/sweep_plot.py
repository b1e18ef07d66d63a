"""A sweep as a picture: what each kept share covers, leaves of duplicates, and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .drawing import BLUE, GREEN, ORANGE, write_png
from .sweep import SweepPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .plan import Plan

_SMALLEST_SHIFT_BITS = 1e-3
"""The axis of shifts goes at least so far: below, only rounding would be drawn."""


def plot_sweep(plan: Plan, points: Sequence[SweepPoint], out: Path) -> None:
    """Write the points of a plan's sweep as a PNG: three panels over the kept share in percent."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 8.0), dpi=130, layout="constrained")
    covered, left, shifts = figure.subplots(3, 1, sharex=True)
    percent = [100 * point.kept_share for point in points]
    _line(covered, percent, [point.coverage for point in points], BLUE, "o")
    covered.set_ylabel("coverage (1: all, 0: medoid)")
    covered.set_ylim(top=1.03)
    _line(left, percent, [point.duplicates_left for point in points], ORANGE, "s")
    left.set_ylabel("duplicates left (clips)")
    left.set_ylim(0, max(1.0, 1.05 * max(point.duplicates_left for point in points)))
    _draw_shifts(shifts, percent, points)
    shifts.set_xlabel(f"kept share of {len(plan.material.pool):,} clips (%)")
    shifts.set_xlim(0, 102)
    figure.suptitle(title_of(plan))
    write_png(figure, out)


def title_of(plan: Plan) -> str:
    """Return what a sweep is of: selector, space, split, and how many clips are pruned, of how many."""
    material, pool = plan.material, len(plan.material.pool)
    split = f", split {material.split}" if material.split else ""
    of = f"{pool:,} of {len(material):,} clips" if pool < len(material) else f"{pool:,} clips"
    return f"{plan.config.selector} in space {material.space.name}{split}: {of}"


def _draw_shifts(axes: Axes, percent: Sequence[float], points: Sequence[SweepPoint]) -> None:
    labels = [(x, point.label_shift) for x, point in zip(percent, points, strict=True) if point.label_shift is not None]
    if labels:
        _line(axes, [x for x, _ in labels], [shift for _, shift in labels], GREEN, "^", "labels")
    durations = [point.duration_shift for point in points]
    _line(axes, percent, durations, BLUE, "v", "durations")
    axes.set_ylabel("shift from the whole (bits)")
    axes.set_ylim(0, 1.05 * max(_SMALLEST_SHIFT_BITS, *durations, *(shift for _, shift in labels)))
    axes.legend(frameon=False)


def _line(
    axes: Axes, x: Sequence[float], y: Sequence[float], color: str, marker: str, label: str | None = None
) -> None:
    axes.plot(x, y, color=color, marker=marker, label=label, clip_on=False)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
