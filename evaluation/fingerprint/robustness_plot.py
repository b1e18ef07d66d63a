"""A robustness curve as a PNG: a panel for each kind of damage, hit rate over its amount."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ...store.files import write_atomic
from .robustness import RobustnessPoint, RobustnessReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST, TOLD, WITHOUT = "#0072B2", "#E69F00", "#9A9A9A"
PANEL_INCHES = (2.6, 2.3)
COLUMNS = 5
UNDAMAGED = "none"


def draw_robustness(report: RobustnessReport, out: Path) -> None:
    """Write a report as a PNG; a grey line is the hit rate without damage. Raises StorageError."""
    from matplotlib.figure import Figure

    kinds = [kind for kind in dict.fromkeys(point.kind for point in report.points) if kind != UNDAMAGED]
    rows = -(-len(kinds) // COLUMNS)
    size = (PANEL_INCHES[0] * min(COLUMNS, len(kinds)), PANEL_INCHES[1] * rows)
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    panels = figure.subplots(rows, min(COLUMNS, len(kinds)), sharey=True, squeeze=False).ravel()
    without = next((point.hits for point in report.points if point.kind == UNDAMAGED), None)
    for panel, kind in zip(panels, kinds, strict=False):
        _draw(panel, [point for point in report.points if point.kind == kind], without)
    for panel in panels[len(kinds) :]:
        panel.set_axis_off()
    panels[0].legend(fontsize=7, frameon=False, loc="lower right")
    figure.suptitle(report.header(), fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())


def _draw(axes: Axes, points: list[RobustnessPoint], without: float | None) -> None:
    """Draw both rates of one kind, amounts evenly spaced in their order."""
    points = sorted(points, key=lambda point: point.amount if isinstance(point.amount, float | int) else 0)
    places = range(len(points))
    if without is not None:
        axes.axhline(without, color=WITHOUT, linewidth=1)
    axes.plot(places, [point.hits for point in points], "o-", color=BEST, markersize=3, linewidth=1.4, label="best")
    axes.plot(places, [point.told for point in points], "s--", color=TOLD, markersize=3, linewidth=1.2, label="told")
    names = [point.amount if isinstance(point.amount, str) else f"{point.amount:g}" for point in points]
    axes.set_xticks(places, names, fontsize=7, rotation=30 if isinstance(points[0].amount, str) else 0)
    axes.set_title(f"{points[0].kind} ({points[0].unit})", fontsize=9)
    axes.set_ylim(-3, 103)
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
