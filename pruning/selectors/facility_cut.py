"""Where to cut the order of a large cluster: the shortest prefix whose true loss of coverage is small enough.

Few picks are compared with all clips. Of many, a clip's nearest is on its list; the few clips of which that is not so
are compared with all picks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import BLOCK_CELLS, blocks
from ...schemas.vector import Float32
from .base import as_one
from .facility_sparse import GraphCovered, nearest_score, sum_lost, true_at

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]

_FEW = 8
"""Picks are few while they are less than one in so many clips."""

_AT_ONCE = 8192
"""Clips that are compared with the picks before any on their lists."""


def shortest_prefix(covered: GraphCovered, order: Rows, most_lost: float) -> int:
    """Return the least number of picks, in this order, whose true loss is at most `most_lost`.

    What the greedy believed to be lost is never less than the truth: so its own cut is not too short.
    """
    enough = np.flatnonzero(np.array(covered.lost) <= most_lost)
    high = int(enough[0]) + 1 if len(enough) else len(order)
    if high == 1:
        return 1
    if high > len(covered.best) // _FEW:
        return _by_halving(Prefixes(covered, order), most_lost, high)
    lost = lost_by_count(covered, order[:high])
    return min(high, int(np.searchsorted(-lost, -most_lost)) + 1)


def lost_by_count(covered: GraphCovered, picks: Rows) -> Float64:
    """Return float64[p]: after each pick the sum of mass * (1 - cosine to the nearest), from the vectors: O(m p d)."""
    lost = np.zeros(len(picks))
    for at in blocks(len(covered.best), len(picks)):
        nearest = as_one(covered.vectors[at] @ covered.vectors[picks].T)
        np.maximum.accumulate(nearest, axis=1, out=nearest)
        lost += ((1 - nearest) * covered.mass[at, None]).sum(axis=0, dtype=np.float64)
    return lost


class Prefixes:
    """What many picks lose, of an order int64[p] of all distinct clips."""

    def __init__(self, covered: GraphCovered, order: Rows) -> None:
        self._covered, self._order = covered, order
        self._before = _best_before_listed(covered, order)

    def __len__(self) -> int:
        return len(self._order)

    def lost(self, count: int) -> float:
        """Return the sum of mass * (1 - cosine to the nearest of the first `count` picks), from the vectors.

        The nearest pick on a clip's list is the nearest of all, for whatever is not on the list is farther away. Only
        clips without one are compared with all picks. Where lists are not complete, a pick missing from one may be
        nearer: then this is a little more than is lost. But it never grows with `count`, since the picks before the
        first on a clip's list still count when that is made.
        """
        covered, picks = self._covered, self._order[:count]
        picked = true_at(len(covered.best), picks)
        left = np.flatnonzero(~picked)
        on_list = picked[covered.ids[left]]
        best = np.maximum(covered.scores[left, on_list.argmax(axis=1)], self._before[left])
        far = np.flatnonzero(~on_list.any(axis=1))
        best[far] = nearest_score(covered.vectors, left[far], picks)
        return sum_lost(np.maximum(best, covered.alone[left]), covered.mass[left])


def _best_before_listed(covered: GraphCovered, order: Rows) -> Float32:
    """Return float32[m]: each clip's cosine to the nearest of the picks that come before any on its list; -1: none."""
    m = len(covered.best)
    rank = np.full(m, len(order))
    rank[order] = np.arange(len(order))
    first = np.concatenate([rank[covered.ids[at]].min(axis=1) for at in blocks(m, covered.ids.shape[1])])
    best = np.full(m, -1, dtype=np.float32)
    rows = np.flatnonzero(first)
    rows = rows[np.argsort(first[rows], kind="stable")]
    while len(rows):
        block = rows[:_AT_ONCE]
        block = block[: max(1, BLOCK_CELLS // int(first[block[-1]]))]
        picks = order[: first[block[-1]]]
        scores = covered.vectors[block] @ covered.vectors[picks].T
        scores[np.arange(len(picks)) >= first[block, None]] = -1
        best[block] = as_one(scores.max(axis=1))
        rows = rows[len(block) :]
    return best


def _by_halving(prefixes: Prefixes, most_lost: float, high: int) -> int:
    """Return the least number of picks whose loss is at most `most_lost`: no more than about `high`.

    From there, steps of doubling size lead down to a prefix that is too short; the cut is found between the two.
    """
    while high < len(prefixes) and prefixes.lost(high) > most_lost:
        high += 1  # by rounding, or by what a list lacks
    step = 1 + high // 64
    low = max(0, high - step)
    while low and prefixes.lost(low) <= most_lost:
        high, step = low, 2 * step
        low = max(0, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        if prefixes.lost(middle) <= most_lost:
            high = middle
        else:
            low = middle
    return high
