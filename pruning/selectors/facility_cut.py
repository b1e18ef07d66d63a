"""Where to cut the order of a large cluster: the shortest prefix whose true loss of coverage is small enough.

Few picks are compared with all clips. Of many, a clip's nearest is on its list; the few clips of which that is not so
are compared with all picks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import blocks
from .facility_sparse import GraphCovered, as_one, nearest_score, sum_lost, true_at

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]

_FEW = 8
"""Picks are few while they are less than one in so many clips."""


def shortest_prefix(covered: GraphCovered, order: Rows, most_lost: float) -> tuple[int, float]:
    """Return the least number of picks, in this order, whose true loss is at most `most_lost`, and that loss.

    What the greedy believed to be lost is never less than the truth: so its own cut is not too short.
    """
    enough = np.flatnonzero(np.array(covered.lost) <= most_lost)
    high = int(enough[0]) + 1 if len(enough) else len(order)
    if high == 1:
        return 1, covered.lost[0]
    if high > len(covered.best) // _FEW:
        high = _by_halving(covered, order, most_lost, high)
        return high, true_lost(covered, order, high)
    lost = lost_by_count(covered, order[:high])
    high = min(high, int(np.searchsorted(-lost, -most_lost)) + 1)
    return high, float(lost[high - 1])


def lost_by_count(covered: GraphCovered, picks: Rows) -> Float64:
    """Return float64[p]: after each pick the sum of mass * (1 - cosine to the nearest), from the vectors: O(m p d)."""
    lost = np.zeros(len(picks))
    for at in blocks(len(covered.best), len(picks)):
        nearest = as_one(covered.vectors[at] @ covered.vectors[picks].T)
        np.maximum.accumulate(nearest, axis=1, out=nearest)
        lost += ((1 - nearest) * covered.mass[at, None]).sum(axis=0, dtype=np.float64)
    return lost


def true_lost(covered: GraphCovered, order: Rows, count: int) -> float:
    """Return the sum of mass * (1 - cosine to the nearest of the first `count` of `order`), from the vectors.

    The first pick on a clip's list is the nearest of all picks, for whatever is not on the list is farther away. Only
    clips without one are compared with all picks. (Where lists are not complete, a pick missing from one may be nearer:
    then this is a little more than is lost.)
    """
    picked = true_at(len(covered.best), order[:count])
    left = np.flatnonzero(~picked)
    on_list = picked[covered.ids[left]]
    best = covered.scores[left, on_list.argmax(axis=1)]
    far = np.flatnonzero(~on_list.any(axis=1))
    best[far] = nearest_score(covered.vectors, left[far], order[:count])
    return sum_lost(np.maximum(best, covered.alone[left]), covered.mass[left])


def _by_halving(covered: GraphCovered, order: Rows, most_lost: float, high: int) -> int:
    """Return the least number of picks whose true loss is at most `most_lost`: no more than about `high`.

    From there, steps of doubling size lead down to a prefix that is too short; the cut is found between the two.
    """
    while high < len(order) and true_lost(covered, order, high) > most_lost:
        high += 1  # by rounding, or by what a list lacks
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
