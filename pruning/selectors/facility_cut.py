"""Where to cut the order of a large cluster: the shortest prefix whose true loss of coverage is small enough.

Few picks are compared with all clips. Of many, a clip's nearest is on its list; the few clips of which that is not so
are compared with all picks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import BLOCK_CELLS, blocks
from ...schemas.vector import Float32
from .base import Float64, Rows, as_one
from .facility_sparse import GraphCovered, nearest_score, sum_lost, true_at

_FEW = 8
"""Picks are few while they are less than one in so many clips."""

_AT_ONCE = 8192
"""Clips that are compared with the picks before any on their lists."""


def shortest_prefixes(covered: GraphCovered, order: Rows, most_lost: Float64) -> Rows:
    """Return the least number of picks, in this order, whose true loss is at most each of `most_lost`: int64[g].

    What the greedy believed to be lost is never less than the truth: so its own cut is not too short.
    """
    believed = np.array(covered.lost)
    high = np.array([_first(believed <= most, len(order)) for most in most_lost], dtype=np.int64)
    few = (high > 1) & (high <= len(covered.best) // _FEW)
    many = (high > 1) & ~few
    cuts = np.minimum(high, 1)
    if few.any():
        lost = lost_by_count(covered, order[: high[few].max()])
        cuts[few] = np.minimum(high[few], np.searchsorted(-lost, -most_lost[few]) + 1)
    if many.any():
        cuts[many] = _many(Prefixes(covered, order), most_lost[many].tolist(), high[many].tolist())
    return cuts


def _many(prefixes: Prefixes, most_lost: list[float], high: list[int]) -> list[int]:
    """Return the cuts for losses that take many picks; high: where the greedy itself would cut."""
    if len(most_lost) == 1:
        return [_by_halving(prefixes, most_lost[0], high[0], 1 + high[0] // 64)]
    guessed = -prefixes.about()  # takes as long as some steps of halving, and leaves one or two
    return [_by_halving(prefixes, most, max(1, int(np.searchsorted(guessed, -most))), 1) for most in most_lost]


def _first(enough: NDArray[np.bool_], none: int) -> int:
    """Return how many picks there are up to the first that is enough, `none` where none is."""
    return int(np.argmax(enough)) + 1 if enough.any() else none


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
        self._rank = np.full(len(covered.best), len(order))
        self._rank[order] = np.arange(len(order))
        self._before = _best_before_listed(covered, order, self._rank)

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

    def about(self) -> Float64:
        """Return float64[p + 1]: about what any number of picks loses, from the lists alone. O(m k) time.

        A clip gains by a pick that is higher on its list than all picks before.
        """
        covered, m = self._covered, len(self._before)
        floor = np.maximum(self._before, covered.alone)
        gained = np.zeros(len(self._order) + 1)
        gained[0] = -sum_lost(floor, covered.mass)
        for at in blocks(m, covered.ids.shape[1]):
            ranks = self._rank[covered.ids[at]]
            highest = np.ones(ranks.shape, dtype=np.bool_)
            highest[:, 1:] = ranks[:, 1:] < np.minimum.accumulate(ranks, axis=1)[:, :-1]
            rows, columns = np.nonzero(highest)
            best = np.maximum(covered.scores[at][rows, columns], floor[at][rows]).astype(np.float64)
            before = np.append(best[1:], 0)  # the pick that was the best until then is the next one down the list
            last = np.append(rows[1:] != rows[:-1], True)
            before[last] = floor[at][rows[last]]
            worth = (best - before) * covered.mass[at][rows]
            gained += np.bincount(ranks[rows, columns] + 1, weights=worth, minlength=len(gained))
        return -np.cumsum(gained)


def _best_before_listed(covered: GraphCovered, order: Rows, rank: Rows) -> Float32:
    """Return float32[m]: each clip's cosine to the nearest of the picks that come before any on its list; -1: none."""
    m = len(covered.best)
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


def _by_halving(prefixes: Prefixes, most_lost: float, near: int, step: int) -> int:
    """Return the least number of picks whose loss is at most `most_lost`: probably about `near`.

    From there, steps of doubling size lead to a prefix that is too short, or to one that is not; the cut is found
    between the two.
    """
    if prefixes.lost(near) <= most_lost:
        low, high = max(0, near - step), near
        while low and prefixes.lost(low) <= most_lost:
            high, step = low, 2 * step
            low = max(0, high - step)
    else:  # by rounding, or by what a list lacks
        low, high = near, min(len(prefixes), near + step)
        while high < len(prefixes) and prefixes.lost(high) > most_lost:
            low, step = high, 2 * step
            high = min(len(prefixes), low + step)
    while high - low > 1:
        middle = (low + high) // 2
        if prefixes.lost(middle) <= most_lost:
            high = middle
        else:
            low = middle
    return high
