"""Sequence match: which stretches of a query lie on which stretches of which clips, from nothing but arrays.

Along each candidate diagonal the pairs of segments have cosines s_o. A run is a stretch of pairs whose sum of
s_o - threshold, its excess, is largest (Kadane's maximum sum): cutting off either end would not raise it, and its mean
is above the threshold. At most `max_gap` pairs below the threshold in a row are bridged. Of runs that claim the same
stretch of the query the one of larger excess wins.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .diagonals import Cells, Collection, candidates, scored

MIN_LEFT = 0.5
"""Of a run that lies over better ones, what is left is a match of its own if it has this share of the excess; less is
the same finding, seen a little displaced."""


@dataclass(frozen=True)
class Run:
    """Segments start to start + n of a query that lie on segments start + shift onwards of a clip.

    scores: float32[n], the cosine of each pair.
    """

    clip: int
    shift: int
    start: int
    scores: Float32

    @property
    def stop(self) -> int:
        """The query segment after the last."""
        return self.start + len(self.scores)

    @property
    def score(self) -> float:
        """Mean cosine: that of the published evaluations, where the run is the whole query."""
        return float(self.scores.mean(dtype=np.float64))

    def excess(self, threshold: float) -> float:
        """Return the sum of what the cosines have above the threshold."""
        return float((self.scores.astype(np.float64) - threshold).sum())


def match(
    queries: Float32,
    collection: Collection,
    threshold: float,
    *,
    k_probe: int = 20,
    max_gap: int = 4,
    min_excess: float = 0.0,
) -> list[Run]:
    """Return the runs of queries float32[L, d] (unit rows, at the collection's hop), by where they start.

    No two claim the same query segment, none crosses a border of its clip, each has an excess above `min_excess`. Among
    equal excesses the clip of smaller number wins, then the smaller shift.
    """
    if not len(queries):
        return []
    diagonals = candidates(queries, collection, k_probe)
    found: list[Run] = []
    for cells in scored(queries, collection, diagonals):
        for which, start, scores in _runs(cells, threshold, max_gap, min_excess):
            found.append(Run(int(diagonals.clips[which]), int(diagonals.shifts[which]), start, scores))
    return sorted(_chosen(found, len(queries), threshold, min_excess), key=lambda run: run.start)


def _runs(cells: Cells, threshold: float, max_gap: int, min_excess: float) -> Iterator[tuple[int, int, Float32]]:
    """Yield (diagonal, first query segment, scores) of all runs of the cells."""
    above = np.flatnonzero(cells.scores > threshold)
    if not len(above):
        return
    jump = (np.diff(cells.position[above]) > max_gap + 1) | (np.diff(cells.diagonal[above]) != 0)
    firsts = np.append(0, np.flatnonzero(jump) + 1)
    lasts = np.append(firsts[1:], len(above)) - 1
    most = np.add.reduceat(cells.scores[above].astype(np.float64) - threshold, firsts)
    for stretch in np.flatnonzero(most > min_excess):
        begin, end = above[firsts[stretch]], above[lasts[stretch]] + 1
        scores = cells.scores[begin:end]
        for first, last in _best_parts(scores, threshold, min_excess):
            yield int(cells.diagonal[begin]), int(cells.position[begin]) + first, scores[first:last].copy()


def _best_parts(scores: Float32, threshold: float, min_excess: float) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of the part of largest excess, then the same for what is left on either side of it."""
    waiting = [(0, len(scores))]
    while waiting:
        begin, end = waiting.pop()
        total = np.append(0.0, np.cumsum(scores[begin:end].astype(np.float64) - threshold))
        last = int(np.argmax(total - np.minimum.accumulate(total)))
        first = int(np.argmin(total[: last + 1]))
        if last > first and total[last] - total[first] > min_excess:
            yield begin + first, begin + last
            waiting += [(begin, begin + first), (begin + last, end)]


def _chosen(runs: list[Run], length: int, threshold: float, min_excess: float) -> list[Run]:
    """Return runs that share no query segment, taken by falling excess; what others leave of a run is tried again."""
    free = np.ones(length, dtype=np.bool_)
    chosen = []
    waiting = [(-run.excess(threshold), run.clip, run.shift, run.start, run) for run in runs]
    heapq.heapify(waiting)
    while waiting:
        *_, run = heapq.heappop(waiting)
        if free[run.start : run.stop].all():
            free[run.start : run.stop] = False
            chosen.append(run)
        elif left := _left(run, free, threshold, min_excess):
            heapq.heappush(waiting, (-left.excess(threshold), left.clip, left.shift, left.start, left))
    return chosen


def _left(run: Run, free: NDArray[np.bool_], threshold: float, min_excess: float) -> Run | None:
    """Return the best part of a run on free query segments, if it is worth keeping."""
    best: Run | None = None
    least = max(min_excess, MIN_LEFT * run.excess(threshold))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free[run.start : run.stop], [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2).tolist():
        part = next(_best_parts(run.scores[begin:end], threshold, least), None)
        if part:
            least_run = replace(run, start=run.start + begin + part[0], scores=run.scores[begin:end][slice(*part)])
            best, least = least_run, least_run.excess(threshold)
    return best
