"""Facility location on lists of near clips: lazy greedy in O(m k) memory, for clusters of any size.

A clip is served by a pick that is on its list of k near ones, as well as by the medoid, to which every clip's cosine
is known. That is a bound from below, and close to the truth once there are some m / (10 k) picks; the picks before are
chosen another way (facility_first.py). Picks beyond a clip's list are brought in by comparing the clips without a pick
on their list with all new picks, each time that the number of picks has grown by an eighth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import blocks
from ...indexing.neighbours.rough import rough_lists
from ...schemas.vector import Float32
from .base import as_one
from .facility_first import first_picks
from .facility_lazy import lazy_greedy

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]

NEIGHBOURS = 128
"""Length of a clip's list, itself included: with 32, F of the first m / 100 picks is up to 3 % below the dense way's;
with 256 it is no better, and takes longer."""

MOST_FIRST = 32
"""First picks are at most so many: each costs a comparison with all clips."""

_GROWTH = 8
"""Clips far from all picks are compared with the new ones when these are one for so many."""


class GraphCovered:
    """Covered (facility_lazy.py) over lists of distinct vectors float32[m, d]; the first pick is `first`.

    mass: int64[m], for how many identical clips each row stands; weights: float32[m] or None, as sparse_greedy has
    them. picks: those made so far, at first the first picks (facility_first.py); added: float64, what each of these
    added; lost: the sum of mass * (1 - best) after each pick.
    """

    def __init__(self, vectors: Float32, mass: Rows, first: int, weights: Float32 | None = None) -> None:
        m = len(vectors)
        ids, scores = rough_lists(vectors, min(NEIGHBOURS, m))
        self.vectors, self.mass, self.ids, self.scores = vectors, mass, ids, as_one(scores)
        self.alone = as_one(vectors @ vectors[first])
        self.alone[first] = 1
        begun = first_picks(vectors, mass, first, max(1, min(MOST_FIRST, m // (10 * NEIGHBOURS))), weights)
        self.best, self.added, self.picks = begun.best, begun.added, begun.picks.tolist()
        self.lost = (float(mass.sum()) - np.cumsum(begun.added)).tolist()
        self._compared = len(self.picks)
        self._far = np.asarray(~true_at(m, begun.picks)[ids].any(axis=1))
        self._turn_around()

    def _turn_around(self) -> None:
        """Find for each candidate the clips that it serves better than the first picks: those on whose list it is."""
        from scipy.sparse import csr_matrix

        m = len(self.best)
        better = self.scores > self.best[:, None]
        ends = np.concatenate([[0], np.cumsum(better.sum(axis=1))])
        served = csr_matrix((self.scores[better], self.ids[better], ends), shape=(m, m)).tocsc()
        self._served, self._scores, self._starts = served.indices, served.data, served.indptr.tolist()
        self._masses = self.mass[self._served].astype(np.float32)

    def bounds(self) -> Float64:
        """Return float64[m]: what each clip would add to the sum of mass * best."""
        more = np.maximum(self._scores - self.best[self._served], 0) * self._masses
        candidates = np.repeat(np.arange(len(self.best)), np.diff(self._starts))
        return np.asarray(np.bincount(candidates, weights=more, minlength=len(self.best)), dtype=np.float64)

    def gain(self, row: int) -> float:
        """Return what a clip would add to the sum of mass * best."""
        at = slice(self._starts[row], self._starts[row + 1])
        more = self._scores[at] - self.best[self._served[at]]
        np.maximum(more, 0, out=more)
        more *= self._masses[at]
        return float(np.add.reduce(more, dtype=np.float64))

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
            self.best[far] = np.maximum(self.best[far], nearest_score(self.vectors, far, new))
            self.lost[-1] = sum_lost(self.best, self.mass)
        self._compared = len(self.picks)


def sparse_greedy(covered: GraphCovered, weights: Float32 | None) -> tuple[Rows, Float64]:
    """Return the greedy order of the p distinct clips, int64[p], and what each added to the sum of mass * best.

    What the first adds is the whole sum with it alone. What a pick behind the first picks adds is counted on the lists:
    less than the truth where it serves clips on whose lists it is not.
    """
    begun = np.array(covered.picks)
    picks, added = lazy_greedy(covered, covered.bounds(), weights)
    return np.concatenate([begun, picks]), np.concatenate([covered.added, added])


def nearest_score(vectors: Float32, rows: Rows, among: Rows) -> Float32:
    """Return float32[r]: the cosine of each of `rows` to the nearest of the rows `among`."""
    base = vectors[among]
    best = np.empty(len(rows), dtype=np.float32)
    for at in blocks(len(rows), max(base.shape)):
        best[at] = (vectors[rows[at]] @ base.T).max(axis=1)
    return as_one(best)


def true_at(m: int, rows: Rows) -> NDArray[np.bool_]:
    """Return bool[m], true at `rows`."""
    found = np.zeros(m, dtype=np.bool_)
    found[rows] = True
    return found


def sum_lost(best: Float32, mass: Rows) -> float:
    """Return the sum of mass * (1 - best)."""
    return float(((1.0 - best) * mass).sum(dtype=np.float64))
