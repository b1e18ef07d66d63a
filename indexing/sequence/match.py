"""Sequence match: which stretches of a query lie on which stretches of which clips, from nothing but arrays.

Along each candidate diagonal the pairs of segments have cosines s_o, each worth s_o - threshold. A run is a stretch of
pairs whose sum of worths, its excess, is largest (Kadane's maximum sum): cutting off either end would not raise it. At
most `max_gap` pairs below the threshold in a row are bridged. Of runs that claim the same stretch of the query the one
of larger excess wins.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .diagonals import Cells, Collection, candidates, scored

MIN_LEFT = 0.5
"""Of a run that lies over better ones, what is left is a match of its own if it has this share of the excess; less is
the same finding, seen a little displaced."""


@dataclass(frozen=True)
class Worth:
    """What a pair of segments says for a match: its cosine less `threshold`, at worst `-most_loss`."""

    threshold: float
    most_loss: float = math.inf

    def of(self, scores: Float32) -> NDArray[np.float64]:
        """Return the worth float64[n] of pairs with these cosines, float32[n]."""
        worths: NDArray[np.float64] = np.maximum(scores.astype(np.float64) - self.threshold, -self.most_loss)
        return worths


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

    def excess(self, worth: Worth) -> float:
        """Return the sum of what the pairs are worth."""
        return float(worth.of(self.scores).sum())


def match(
    queries: Float32,
    collection: Collection,
    worth: Worth,
    *,
    k_probe: int = 20,
    max_gap: int = 4,
    min_excess: float = 0.0,
) -> list[Run]:
    """Return the runs of queries float32[L, d] (unit rows, at the collection's hop), by where they start.

    No two claim the same query segment, none crosses a border of its clip, each has an excess above `min_excess`. Among
    equal excesses the clip of smaller number wins, then the smaller shift. Where `worth` limits no loss, the mean
    cosine of a run is above the threshold.
    """
    if not len(queries):
        return []
    diagonals = candidates(queries, collection, k_probe)
    found: list[Run] = []
    for cells in scored(queries, collection, diagonals):
        for which, start, scores in _runs(cells, worth, max_gap, min_excess):
            found.append(Run(int(diagonals.clips[which]), int(diagonals.shifts[which]), start, scores))
    return sorted(_chosen(found, len(queries), worth, min_excess), key=lambda run: run.start)


def _runs(cells: Cells, worth: Worth, max_gap: int, min_excess: float) -> Iterator[tuple[int, int, Float32]]:
    """Yield (diagonal, first query segment, scores) of all runs of the cells."""
    above = np.flatnonzero(cells.scores > worth.threshold)
    if not len(above):
        return
    jump = (np.diff(cells.position[above]) > max_gap + 1) | (np.diff(cells.diagonal[above]) != 0)
    firsts = np.append(0, np.flatnonzero(jump) + 1)
    lasts = np.append(firsts[1:], len(above)) - 1
    most = np.add.reduceat(worth.of(cells.scores[above]), firsts)
    for stretch in np.flatnonzero(most > min_excess):
        begin, end = above[firsts[stretch]], above[lasts[stretch]] + 1
        scores = cells.scores[begin:end]
        for first, last in _best_parts(scores, worth, min_excess):
            yield int(cells.diagonal[begin]), int(cells.position[begin]) + first, scores[first:last].copy()


def _best_parts(scores: Float32, worth: Worth, min_excess: float) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of the part of largest excess, then the same for what is left on either side of it."""
    waiting = [(0, len(scores))]
    while waiting:
        begin, end = waiting.pop()
        total = np.append(0.0, np.cumsum(worth.of(scores[begin:end])))
        last = int(np.argmax(total - np.minimum.accumulate(total)))
        first = int(np.argmin(total[: last + 1]))
        if last > first and total[last] - total[first] > min_excess:
            yield begin + first, begin + last
            waiting += [(begin, begin + first), (begin + last, end)]


def _chosen(runs: list[Run], length: int, worth: Worth, min_excess: float) -> list[Run]:
    """Return runs that share no query segment, taken by falling excess; what others leave of a run is tried again."""
    free = np.ones(length, dtype=np.bool_)
    chosen = []
    waiting = [(-run.excess(worth), run.clip, run.shift, run.start, run) for run in runs]
    heapq.heapify(waiting)
    while waiting:
        *_, run = heapq.heappop(waiting)
        if free[run.start : run.stop].all():
            free[run.start : run.stop] = False
            chosen.append(run)
        elif left := _left(run, free, worth, min_excess):
            heapq.heappush(waiting, (-left.excess(worth), left.clip, left.shift, left.start, left))
    return chosen


def _left(run: Run, free: NDArray[np.bool_], worth: Worth, min_excess: float) -> Run | None:
    """Return the best part of a run on free query segments, if it is worth keeping."""
    best: Run | None = None
    least = max(min_excess, MIN_LEFT * run.excess(worth))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free[run.start : run.stop], [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2).tolist():
        part = next(_best_parts(run.scores[begin:end], worth, least), None)
        if part:
            best = replace(run, start=run.start + begin + part[0], scores=run.scores[begin:end][slice(*part)])
            least = best.excess(worth)
    return best
