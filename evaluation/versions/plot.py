"""What the protocol found as a PNG: how soon the first version comes, and MAP over the length of the query."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ...store.files import write_atomic
from .protocol import WHOLE
from .report import VersionsReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
CHANCE = "#9A9A9A"
PANEL_INCHES = (4.2, 3.2)


def draw_versions(report: VersionsReport, out: Path) -> None:
    """Write a report as a PNG; the right panel is there where queries of several lengths were. Raises StorageError."""
    from matplotlib.figure import Figure

    panels = 1 + (len(report.rows) > 1)
    figure = Figure(figsize=(PANEL_INCHES[0] * panels, PANEL_INCHES[1]), dpi=130, layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False).ravel()
    _draw_ranks(axes[0], report)
    if panels > 1:
        _draw_lengths(axes[1], report)
    for panel in axes:
        panel.set_ylim(0, 1.02)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{report.space}: {report.queries} queries, {report.candidates} clips, {report.redux}", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())


def _draw_ranks(axes: Axes, report: VersionsReport) -> None:
    known = [place for place, rank in enumerate(report.ranks) if rank <= report.candidates]
    ranks = [report.ranks[place] for place in known]
    for row, colour in zip(report.rows, COLOURS * len(report.rows), strict=False):
        shares = [row.by_rank[place] for place in known]
        axes.plot(ranks, shares, "o-", color=colour, markersize=3, linewidth=1.4, label=_name(row.length))
    axes.set_xscale("log")
    axes.set_xlabel("rank", fontsize=8)
    axes.set_ylabel("queries with a version by then", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="lower right", title="segments", title_fontsize=7)


def _draw_lengths(axes: Axes, report: VersionsReport) -> None:
    rows = sorted(report.rows, key=lambda row: row.length or float("inf"))
    means, halves = [row.map.mean for row in rows], [row.map.half_width or 0.0 for row in rows]
    axes.errorbar(range(len(rows)), means, yerr=halves, fmt="o-", color=COLOURS[0], markersize=3, capsize=2)
    axes.axhline(report.chance_map, color=CHANCE, linewidth=1)
    axes.set_xticks(range(len(rows)), [_name(row.length) for row in rows])
    axes.set_xlabel("segments of the query", fontsize=8)
    axes.set_ylabel("MAP (grey: a random order)", fontsize=8)


def _name(length: int) -> str:
    return "all" if length == WHOLE else str(length)
