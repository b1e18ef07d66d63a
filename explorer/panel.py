"""One panel of the map: clips coloured by a column, as dots, or as a grid of cells where there are many."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .density import cells_of, commonest, means, shaded
from .server.made_columns import NOISE
from .server.values import NONE, Values
from .server.values import OTHER as OTHER_NAME

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6BB1", "#7F7F7F")
"""Told apart with any common kind of colour blindness (Okabe and Ito 2008, with two of ours for black and yellow)."""
MARKERS = ("o", "^", "s")
"""Each colour comes in these shapes: 24 names where clips are dots; the rest are drawn as "other"."""
GREY = (OTHER_NAME, NOISE, NONE)
"""Names of what has none: drawn in the last of these."""
KEPT, PRUNED, OTHER = "#0072B2", "#9A9A9A", "#C8C8C8"
SCALE = "cividis"
"""Colours of numbers: even steps for any eye (Nunez, Anderton and Renslow 2018)."""
DOTS = 20_000
"""Up to so many clips are drawn one by one."""
_TAILS = (2, 98)
"""Percentiles that the colours of numbers reach to, so that one very long clip does not make all others equal."""
_AROUND = 0.1
"""How far the colours reach to either side of the one number that all clips have, as a share of it."""
_TOLD_APART = 63
"""So many of the commonest names are counted one by one where clips are a grid, the rest together."""
FONT, TITLE_FONT = 7.5, 11.0
_COLORBAR_LINES = 3
"""What a bar of colours takes, in lines of a legend."""
_LEGEND_CHARACTERS, _LEGEND_SPACE = 88, 4
"""How many characters of the legend fit beside each other, and what the mark before each and the gap behind it take."""
_LONGEST = 60
"""Characters of a name; the rest is cut off."""
_SHOWN = " "
"""Before every name: what begins with "_" is left out of legends."""


@dataclass(frozen=True)
class Panel:
    """What to colour clips by. values: a column over the n clips; what its header calls `kept` makes it a view's."""

    title: str
    values: Values


def draw_panel(axes: Axes, points: Float32, panel: Panel) -> int:
    """Draw clips, at float32[n, 2] within [-1, 1]; return how many lines of small print are below."""
    if "kept" in panel.values.header:
        _draw_view(axes, points, panel)
    elif "names" in panel.values.header:
        _draw_names(axes, points, panel)
    else:
        _draw_numbers(axes, points, panel)
    _without_ticks(axes)
    return max(_draw_legend(axes), _COLORBAR_LINES)


def _draw_names(axes: Axes, points: Float32, panel: Panel) -> None:
    """Draw every clip in the colour and shape of its name: of so many names as have one, the commonest."""
    names, counts = panel.values.header["names"], panel.values.header["counts"]
    dense = len(points) > DOTS
    styles = [(color, marker) for marker in MARKERS[: 1 if dense else None] for color in COLORS]
    grey = {code for code, name in enumerate(names) if name in GREY or code == panel.values.header["none"]}
    ranked = [code for code in range(len(names)) if code not in grey][: len(styles)]
    ranked.sort(key=lambda code: _reading_order(names[code]))
    style_of = np.zeros(max(len(names), 1), dtype=np.int64)  # 0: grey
    style_of[ranked] = np.arange(1, len(ranked) + 1)
    codes = panel.values.array.astype(np.int64)
    drawn = style_of[codes]
    told = {names[code]: counts[code] for code in sorted(grey)}
    told[OTHER_NAME] = int((drawn == 0).sum()) - sum(count for name, count in told.items() if name != OTHER_NAME)
    said = [", ".join(_counted(name, count) for name, count in told.items() if count)]
    said += [_counted(names[code], counts[code]) for code in ranked]
    shown = [(OTHER, "o"), *styles][: len(said)]
    if dense:  # a name that has its own colour shows where no other one name has more clips
        told_apart = np.minimum(codes, _TOLD_APART)
        colors = np.array([_rgb(shown[at][0]) for at in style_of[: _TOLD_APART + 1].tolist()])
        _show(axes, commonest(cells_of(points), told_apart, colors))
    for at, ((color, marker), label) in enumerate(zip(shown, said, strict=True)):
        if label:
            here = points[:0] if dense else points[drawn == at]
            _dots(axes, here, label, color=color, marker=marker, alpha=0.8 if at else 1.0)
    axes.set_title(f"{len(points):,} clips by {panel.title}", fontsize=TITLE_FONT)


def _draw_view(axes: Axes, points: Float32, panel: Panel) -> None:
    """Draw what a view keeps as filled dots and what it leaves out as hollow ones; in a grid, cells by the share
    kept.
    """
    codes, header = panel.values.array, panel.values.header
    kept = np.append(header["kept"], np.zeros(1, bool))[codes]
    of = np.ones(len(points), bool) if header["none"] is None else codes != header["none"]
    points, kept = points[of], kept[of]
    count, total = int(kept.sum()), len(kept)
    dense = total > DOTS
    if dense:
        cells = cells_of(points)
        share, counts = means(cells, kept.astype(np.float64))
        share = np.nan_to_num(share)[:, None]
        _show(axes, shaded((1 - share) * _rgb(PRUNED) + share * _rgb(KEPT), counts))
    hollow: dict[str, Any] = {"facecolors": "none", "edgecolors": PRUNED, "linewidths": 0.7, "s": 14}
    told = [
        (~kept, _counted("pruned", total - count), {"color": PRUNED} if dense else hollow),
        (kept, _counted("kept", count), {"color": KEPT, "alpha": 0.8, "s": 18}),
    ]
    for here, label, style in sorted(told, key=lambda one: -one[0].sum()):  # the fewer on top
        _dots(axes, points[:0] if dense else points[here], label, **style)
    axes.set_title(f"{panel.title}: {count:,} of {total:,} kept ({count / max(total, 1):.0%})", fontsize=TITLE_FONT)


def _draw_numbers(axes: Axes, points: Float32, panel: Panel) -> None:
    """Draw every clip in the colour of its number, or cells in that of their mean; grey where there is none."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    values = panel.values.array.astype(np.float64)
    known = np.isfinite(values)
    low, high = np.percentile(values[known], _TAILS) if known.any() else (0.0, 1.0)
    if low == high:  # it is in the middle then, where the bar has it
        around = abs(low) * _AROUND or _AROUND
        low, high = low - around, high + around
    scale = ScalarMappable(Normalize(low, high), colormaps[SCALE])
    if len(points) > DOTS:
        mean, counts = means(cells_of(points), values)
        colors = np.where(np.isfinite(mean)[:, None], scale.to_rgba(mean)[:, :3], _rgb(OTHER))
        _show(axes, shaded(colors, counts))
    else:
        _dots(axes, points[~known], color=OTHER)
        _dots(axes, points[known], c=scale.to_rgba(values[known]), alpha=0.8)
    place, plain = axes.inset_axes((0.1, -0.05, 0.8, 0.025)), ScalarFormatter(useOffset=False)
    bar = axes.figure.colorbar(scale, cax=place, orientation="horizontal", format=plain, ticks=MaxNLocator(5))
    bar.ax.tick_params(labelsize=FONT)
    bar.set_label(panel.values.header["unit"], fontsize=FONT)
    axes.set_title(f"{len(points):,} clips by {panel.title}", fontsize=TITLE_FONT)


def _dots(axes: Axes, points: Float32, label: str = "", **style: Any) -> None:
    x, y = points.T
    axes.scatter(x, y, label=label and f"{_SHOWN}{label}", **{"s": 16, "linewidths": 0} | style)


def _show(axes: Axes, picture: NDArray[np.float64]) -> None:
    axes.imshow(picture, extent=(-1, 1, -1, 1), origin="lower", interpolation="nearest", aspect="auto")


def _without_ticks(axes: Axes) -> None:
    """Take away what says nothing: ticks of a projection."""
    axes.set_xlim(-1.03, 1.03)
    axes.set_ylim(-1.03, 1.03)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#D0D0D0")


def _draw_legend(axes: Axes) -> int:
    """Draw what colours mean below a panel, as wide as the panel; return how many lines that takes."""
    handles, marked = axes.get_legend_handles_labels()
    labels = [label.removeprefix(_SHOWN) for label in marked]
    if not handles:
        return 0
    columns = max(1, min(len(labels), int(_LEGEND_CHARACTERS / (max(map(len, labels)) + _LEGEND_SPACE))))
    style: dict[str, Any] = {"frameon": False, "handletextpad": 0.2, "columnspacing": 0.8, "markerscale": 1.3}
    style |= {"loc": "upper center", "bbox_to_anchor": (0.5, -0.01), "ncols": columns, "fontsize": FONT}
    legend = axes.legend(handles, marked, **style)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False)
    return ceil(len(labels) / columns)


def _counted(name: str, count: int) -> str:
    name = " ".join(name.split())
    return f"{name if len(name) <= _LONGEST else name[: _LONGEST - 1] + '…'} ({count:,})"


def _reading_order(name: str) -> tuple[bool, float, str]:
    """Return what sorts names as they are read: clusters by number, the rest by the alphabet."""
    return (False, float(name), "") if name.isdecimal() else (True, 0.0, name)


def _rgb(color: str) -> NDArray[np.float64]:
    return np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
