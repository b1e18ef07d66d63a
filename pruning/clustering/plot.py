"""Pictures of a clustering: HDBSCAN's condensed tree, and the curves of a sweep of K-Means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..drawing import BLUE, GREEN, ORANGE, write_png
from .kmeans import SweepRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INERTIA, SILHOUETTE, CHOSEN = BLUE, ORANGE, ORANGE

SHOWN_SHARE = 0.99
"""Densities above those at which this share of the rows has left are cut off: copies lie at next to infinite ones."""


def plot_condensed_tree(fitted: Any, out: Path) -> None:
    """Write the condensed tree of a fitted hdbscan.HDBSCAN as a PNG, the chosen clusters framed.

    The height is lambda = 1 / distance; the width of a branch, and its colour, the rows in it. Time O(rows x clusters).
    """
    figure = _figure()
    axes = figure.subplots()
    tree = fitted.condensed_tree_
    tree.plot(axis=axes, colorbar=False)
    _frame(axes, tree)
    heights = tree.to_numpy()["lambda_val"]
    axes.set_ylim(1.05 * np.quantile(heights, SHOWN_SHARE), 0)
    axes.set_ylabel("lambda = 1 / distance")
    axes.set_title(f"condensed tree of {len(fitted.labels_):,} clips: {fitted.labels_.max(initial=-1) + 1} clusters")
    write_png(figure, out)


def _frame(axes: Axes, tree: Any) -> None:
    """Frame the chosen clusters: hdbscan's own rings fail where a cluster is flat (0.8.44 with NumPy 2)."""
    from matplotlib.patches import Rectangle

    bounds = tree.get_plot_data()["cluster_bounds"]
    for cluster in tree._select_clusters():  # what its plot asks, too
        left, right, bottom, top = bounds[cluster]
        axes.add_patch(Rectangle((left, bottom), right - left, top - bottom, fill=False, edgecolor=CHOSEN))


def plot_kmeans_sweep(rows: Sequence[SweepRow], out: Path) -> None:
    """Write inertia (left axis) and silhouette (right axis) against the number of clusters as a PNG, and below, where
    clips have works, into how many pieces the clusters cut those.
    """
    figure = _figure()
    lines = {"clustered": [row.pairs for row in rows], "others": [row.other_pairs for row in rows]}
    shown = {name: pairs for name, pairs in lines.items() if rows and pairs[0] is not None}
    axes, *below = np.ravel(figure.subplots(1 + bool(shown), sharex=True))
    counts = [row.clusters for row in rows]
    for panel in below:
        for (name, pairs), colour in zip(shown.items(), (GREEN, BLUE), strict=False):
            panel.plot(counts, pairs, color=colour, marker="o", label=f"{name} clips")
        panel.set_ylabel("(work, cluster) pairs")
        panel.set_xlabel("clusters")
        panel.legend(frameon=False)
    axes.plot(counts, [row.inertia for row in rows], color=INERTIA, marker="o")
    axes.set_xlabel("clusters")
    axes.set_ylabel("inertia", color=INERTIA)
    right = axes.twinx()
    right.plot(counts, [np.nan if row.silhouette is None else row.silhouette for row in rows], SILHOUETTE, marker="s")
    right.set_ylabel("silhouette", color=SILHOUETTE)
    axes.set_title("K-Means by the number of clusters")
    write_png(figure, out)


def _figure() -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(8.0, 5.0), dpi=130, layout="constrained")
