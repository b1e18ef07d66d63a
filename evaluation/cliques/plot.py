"""The two histograms of a report as a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...pruning.drawing import BLUE, ORANGE, write_png
from .report import CliquesReport


def draw_cliques(report: CliquesReport, out: Path) -> None:
    """Write the histograms of distances within works and to others as a PNG. Raises StorageError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), dpi=130, layout="constrained")
    axes = figure.subplots()
    edges = np.array(report.edges)
    drawn = ((report.inside, ORANGE, "within works"), (report.outside, BLUE, "to others"))
    for counts, colour, label in drawn:
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colour, alpha=0.6, label=label)
    axes.set_xlabel("mean Euclidean distance")
    axes.set_ylabel("works")
    measured = "" if report.auc is None else f"; AUC {report.auc:.3f}, overlap {report.overlap:.3f}"
    axes.set_title(f"{report.space}: {report.works} works{measured}", fontsize=10)
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    write_png(figure, out)
