"""A comparison of pruning methods as a PNG: accuracy differences with their intervals, and duplicates left."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from ..store.files import write_atomic
from .methods_report import MethodsReport, Outcome
from .ranks import DISTINCT, RANDOM
from .report import FULL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7")
"""One per kept share, told apart with any common kind of colour blindness (Okabe and Ito, 2008)."""
PANEL_INCHES = (4.6, 1.4)
ROW_INCHES = 0.5
_CLIPS = {RANDOM: "random", DISTINCT: "random distinct", FULL: "all"}


def draw_methods(report: MethodsReport, out: Path) -> None:
    """Write the first metric of a report as a PNG: differences to chance and to all clips, duplicates left.

    A filled dot is a difference that holds after Holm's correction, a hollow one does not.
    """
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(found.method for found in report.outcomes))
    against = [name for name in (RANDOM, DISTINCT, FULL) if any(c.against == name for c in report.comparisons)]
    panels = len(against) + (1 if report.inject else 0)
    size = (PANEL_INCHES[0] * panels, PANEL_INCHES[1] + ROW_INCHES * len(methods))
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    metric = next(iter(report.full.means))
    for panel, name in zip(axes, against, strict=False):
        _draw_differences(panel, report, methods, name, metric)
    if report.inject:
        _draw_left(axes[-1], report, methods)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].invert_yaxis()
    _draw_legend(axes[0], report)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())


def _draw_differences(axes: Axes, report: MethodsReport, methods: Sequence[str], against: str, metric: str) -> None:
    """Draw the mean and the t interval of every method's difference, one row a method."""
    axes.axvline(0, color="#9A9A9A", linewidth=1)
    for found, at, color in _placed(report, methods):
        pair = report.compared(found.method, against, found.keep, metric)
        if pair is None:
            continue
        interval = pair.difference.interval
        axes.plot([interval.low, interval.high], [at, at], color=color, linewidth=1.6)
        face = color if pair.significant else "white"
        axes.plot(interval.mean, at, "o", color=color, markerfacecolor=face)
    axes.set_title(f"{metric}: difference to {_CLIPS[against]} clips", fontsize=10)
    _finish(axes)


def _draw_left(axes: Axes, report: MethodsReport, methods: Sequence[str]) -> None:
    """Draw the share of planted duplicates left as bars, and what no choice of that size can go below as a line."""
    for found, at, color in _placed(report, methods):
        if found.duplicates_left is not None and found.least_left is not None:
            axes.barh(at, found.duplicates_left.mean, height=0.7 / len(COLORS), color=color)
            axes.plot([found.least_left] * 2, [at - 0.09, at + 0.09], color="black", linewidth=1.2)
    axes.set_xlim(0, 1)
    axes.set_title("planted duplicates left (line: least possible)", fontsize=10)
    _finish(axes)


def _placed(report: MethodsReport, methods: Sequence[str]) -> list[tuple[Outcome, float, str]]:
    """Return each outcome with its height, those of a method around its row, and its colour."""
    keeps = list(dict.fromkeys(found.keep for found in report.outcomes))
    middle = (len(keeps) - 1) / 2
    return [
        (
            found,
            methods.index(found.method) + 0.18 * (keeps.index(found.keep) - middle),
            COLORS[keeps.index(found.keep) % len(COLORS)],
        )
        for found in report.outcomes
    ]


def _draw_legend(axes: Axes, report: MethodsReport) -> None:
    """Say which colour is which kept share."""
    from matplotlib.patches import Patch

    keeps = dict.fromkeys(found.keep for found in report.outcomes)
    handles = [Patch(color=color, label=f"{keep:g}") for keep, color in zip(keeps, cycle(COLORS), strict=False)]
    axes.legend(handles=handles, fontsize=8, frameon=False, title="kept share", title_fontsize=8)


def _finish(axes: Axes) -> None:
    axes.tick_params(labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
