"""The map: all clips of a space in two dimensions, one panel by label and one per view with what it keeps."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from ..store.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6BB1", "#7F7F7F")
"""Told apart with any common kind of colour blindness (Okabe and Ito 2008, with two of ours for black and yellow)."""
MARKERS = ("o", "^", "s")
"""Each colour comes in these shapes: 24 labels; the rest are drawn as "other"."""
KEPT, PRUNED, OTHER = "#0072B2", "#9A9A9A", "#C8C8C8"
PANEL_INCHES = (5.0, 4.6)


def project(vectors: Float32) -> NDArray[np.float64]:
    """Return float64[n, 2]: `vectors` (float32[n, d]) on their first two principal axes, signs settled by the data.

    Fewer than two clips or dimensions leave the missing coordinates 0.
    """
    points = np.zeros((len(vectors), 2))
    if len(vectors) == 0:
        return points
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)] + 1e-300)[:, None]
    points[:, : len(axes)] = centred @ axes.T
    return points


def draw_map(vectors: Float32, kept: Mapping[str, NDArray[np.bool_]], labels: Sequence[str], out: Path) -> None:
    """Write the map as a PNG.

    vectors: float32[n, d]; kept: per view bool[n], whether it keeps each clip; labels: n strings, "" for none.
    """
    from matplotlib.figure import Figure

    panels = 1 + len(kept)
    columns = ceil(sqrt(panels))
    rows = -(-panels // columns)
    figure = Figure(figsize=(PANEL_INCHES[0] * columns, PANEL_INCHES[1] * rows), dpi=130, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flat
    points = project(vectors)
    _draw_labels(axes[0], points, labels)
    for panel, (name, mask) in zip(axes[1:], kept.items(), strict=False):
        _draw_view(panel, points, name, mask)
    for empty in axes[panels:]:
        empty.set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())


def _draw_labels(axes: Axes, points: NDArray[np.float64], labels: Sequence[str]) -> None:
    """Draw every clip in the colour and shape of its label, the commonest labels first."""
    styles = [(color, marker) for marker in MARKERS for color in COLORS]
    ranked = sorted((-count, label) for label, count in Counter(labels).items() if label)
    shown = [label for _, label in ranked[: len(styles)]]
    label_of = np.array(labels, dtype=object)
    rest = ~np.isin(label_of, shown)
    if rest.any():
        x, y = points[rest].T
        axes.scatter(x, y, s=14, color=OTHER, linewidths=0, label=f"other ({rest.sum()})")
    for label, (color, marker) in zip(sorted(shown), styles, strict=False):
        x, y = points[label_of == label].T
        axes.scatter(x, y, s=16, color=color, marker=marker, alpha=0.8, linewidths=0, label=f"{label} ({len(x)})")
    _finish(axes, f"{len(labels):,} clips by label")


def _draw_view(axes: Axes, points: NDArray[np.float64], name: str, mask: NDArray[np.bool_]) -> None:
    """Draw what a view keeps as filled dots over what it leaves out, hollow."""
    kept, total = int(mask.sum()), len(mask)
    x, y = points[~mask].T
    pruned = f"pruned ({total - kept:,})"
    axes.scatter(x, y, s=14, facecolors="none", edgecolors=PRUNED, linewidths=0.7, label=pruned)
    x, y = points[mask].T
    axes.scatter(x, y, s=18, color=KEPT, alpha=0.8, linewidths=0, label=f"kept ({kept:,})")
    _finish(axes, f"{name}: {kept:,} of {total:,} kept ({kept / max(total, 1):.0%})")


def _finish(axes: Axes, title: str) -> None:
    """Give a panel its title and legend, and take away what says nothing: ticks of a projection."""
    axes.set_title(title, fontsize=11)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#D0D0D0")
    style: dict[str, Any] = {
        "fontsize": 7.5,
        "frameon": False,
        "handletextpad": 0.2,
        "columnspacing": 0.8,
        "markerscale": 1.3,
    }
    entries = len(axes.get_legend_handles_labels()[0])
    if entries:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=min(entries, 5), **style)
