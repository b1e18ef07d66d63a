"""Facility location on the kNN graph: lazy greedy in O(m k) memory, for clusters of any size.

A clip is served by a pick that is on its list of k neighbours, as well as by the medoid, to which every clip's cosine
is known. That is a bound from below: picks beyond a clip's list, which matter while there are far fewer than m / k, are
brought in by comparing the clips without a pick on their list with all new picks, each time that the number of picks
has grown by an eighth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import ROUNDING, blocks
from ...indexing.neighbours.graph_search import graph_of
from ...schemas.vector import Float32
from .facility_lazy import lazy_greedy

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]

NEIGHBOURS = 32
"""Neighbours on a clip's list: with 16 about 1 % more clips are kept at the same coverage, with 64 as many."""

_GROWTH = 8
"""Clips far from all picks are compared with the new ones when these are one for so many."""


class GraphCovered:
    """Covered (facility_lazy.py) over the kNN graph of distinct vectors float32[m, d]; the first pick is `first`.

    mass: int64[m], for how many identical clips each row stands. lost: the sum of mass * (1 - best) after each pick.
    """

    def __init__(self, vectors: Float32, mass: Rows, first: int) -> None:
        graph = graph_of(vectors, max(1, min(NEIGHBOURS, len(vectors) - 1)))
        self.vectors, self.mass, self.ids, self.scores = vectors, mass, graph.ids, _as_one(graph.scores)
        self.best = _as_one(vectors @ vectors[first])
        self.best[first] = 1
        self.alone = self.best.copy()
        self.picks, self.lost = [first], [_lost(self.best, mass)]
        self._compared = 1
        self._far = np.ones(len(vectors), dtype=np.bool_)
        self._turn_around()

    def _turn_around(self) -> None:
        """Find for each candidate the clips that it serves better than the first pick: those on whose list it is."""
        m, k = self.ids.shape
        own = np.flatnonzero(self.best < 1)
        of, place = np.divmod(np.flatnonzero(self.scores > self.best[:, None]), k)
        candidates = np.concatenate([own, self.ids[of, place]])
        order = np.argsort(candidates, kind="stable")
        self._served = np.concatenate([own, of])[order]
        self._scores = np.concatenate([np.ones(len(own), np.float32), self.scores[of, place]])[order]
        self._masses = self.mass[self._served].astype(np.float64)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(candidates, minlength=m))]).tolist()

    def bounds(self) -> Float64:
        """Return float64[m]: what each clip would add to the sum of mass * best."""
        more = np.maximum(self._scores - self.best[self._served], 0) * self._masses
        candidates = np.repeat(np.arange(len(self.best)), np.diff(self._starts))
        return np.asarray(np.bincount(candidates, weights=more, minlength=len(self.best)), dtype=np.float64)

    def gain(self, row: int) -> float:
        """Return what a clip would add to the sum of mass * best."""
        at = slice(self._starts[row], self._starts[row + 1])
        more = self._scores[at] - self.best[self._served[at]]
        return float(np.add.reduce(np.maximum(more, 0, out=more) * self._masses[at]))

    def take(self, row: int) -> float:
        """Make a clip a pick; return what it adds to the sum of mass * best."""
        at = slice(self._starts[row], self._starts[row + 1])
        served = self._served[at]
        before = self.best[served]
        after = np.maximum(before, self._scores[at])
        added = float(np.add.reduce(np.subtract(after, before, dtype=np.float64) * self._masses[at]))
        self.best[served] = after
        self._far[served] = False
        self.picks.append(row)
        self.lost.append(self.lost[-1] - added)
        if len(self.picks) - self._compared >= max(1, self._compared // _GROWTH):
            self._compare()
        return added

    def _compare(self) -> None:
        """Compare the clips without a pick on their list with the picks that they were not compared with yet."""
        far, new = np.flatnonzero(self._far), np.array(self.picks[self._compared :])
        if len(far):
            self.best[far] = np.maximum(self.best[far], _nearest_score(self.vectors, far, new))
            self.lost[-1] = _lost(self.best, self.mass)
        self._compared = len(self.picks)


def sparse_greedy(covered: GraphCovered, weights: Float32 | None) -> tuple[Rows, Float64]:
    """Return the greedy order of the p distinct clips, int64[p], and what each added to the sum of mass * best.

    What the first adds is the whole sum with it alone. What a pick adds is counted on the graph: less than the truth
    where it serves clips on whose lists it is not.
    """
    first = covered.picks[0]
    alone = float(covered.mass.sum()) - covered.lost[0]
    picks, added = lazy_greedy(covered, covered.bounds(), weights)
    return np.concatenate([[first], picks]), np.concatenate([[alone], added])


def true_lost(covered: GraphCovered, order: Rows, count: int) -> float:
    """Return the sum of mass * (1 - cosine to the nearest of the first `count` of `order`), from the vectors.

    The first pick on a clip's list is the nearest of all picks, for whatever is not on the list is farther away. Only
    clips without one are compared with all picks. (Where the graph is approximate, a pick missing from a list may be
    nearer: then this is a little more than is lost.)
    """
    picked = np.zeros(len(covered.best), dtype=np.bool_)
    picked[order[:count]] = True
    left = np.flatnonzero(~picked)
    on_list = picked[covered.ids[left]]
    best = covered.scores[left, on_list.argmax(axis=1)]
    far = np.flatnonzero(~on_list.any(axis=1))
    best[far] = _nearest_score(covered.vectors, left[far], order[:count])
    return _lost(np.maximum(best, covered.alone[left]), covered.mass[left])


def shortest_prefix(covered: GraphCovered, order: Rows, most_lost: float) -> int:
    """Return the least number of picks, in this order, whose true loss is at most `most_lost`.

    What the greedy believed to be lost is never less than the truth. From where it came down to `most_lost`, steps of
    doubling size lead down to a prefix that is too short; the cut is found between the two by halving.
    """
    enough = np.flatnonzero(np.array(covered.lost) <= most_lost)
    high = int(enough[0]) + 1 if len(enough) else len(order)
    while high < len(order) and true_lost(covered, order, high) > most_lost:
        high += 1  # by rounding, or by what an approximate list lacks
    step = 1 + high // 64
    low = max(0, high - step)
    while low and true_lost(covered, order, low) <= most_lost:
        high, step = low, 2 * step
        low = max(0, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        if true_lost(covered, order, middle) <= most_lost:
            high = middle
        else:
            low = middle
    return high


def _nearest_score(vectors: Float32, rows: Rows, among: Rows) -> Float32:
    """Return float32[r]: the cosine of each of `rows` to the nearest of the rows `among`."""
    base = vectors[among]
    best = np.empty(len(rows), dtype=np.float32)
    for at in blocks(len(rows), max(base.shape)):
        best[at] = (vectors[rows[at]] @ base.T).max(axis=1)
    return _as_one(best)


def _as_one(cosines: Float32) -> Float32:
    """Return cosines with those exactly 1 that differ from it by no more than rounding."""
    return np.where(cosines >= 1 - ROUNDING, np.float32(1), cosines)


def _lost(best: Float32, mass: Rows) -> float:
    """Return the sum of mass * (1 - best)."""
    return float(((1.0 - best) * mass).sum(dtype=np.float64))
