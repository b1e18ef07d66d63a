"""Lazy greedy (Minoux, 1978): a gain can only fall as picks are added, so an old gain is a bound on the new one.

Candidates wait in a heap by what they were last found to gain. The first is looked at again; where it still leads, it
is the pick, and the others were never looked at.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]


class Covered(Protocol):
    """How well each of m clips is stood for by the picks so far, and what a further pick would add."""

    best: Float32
    """float32[m]: the cosine to the nearest pick, as far as it is known; 1 for what a pick is identical to."""

    def gain(self, row: int) -> float:
        """Return what a clip would add to the sum of `best`: never more than it would have added before."""

    def take(self, row: int) -> float:
        """Make a clip a pick; return what it adds to the sum of `best`."""


def lazy_greedy(covered: Covered, bounds: Float64, weights: Float32 | None) -> tuple[Rows, Float64]:
    """Return the picks int64[p], until every clip is a pick or identical to one, and what each added, float64[p].

    bounds: float64[m], the most that each clip can add; weights: float32[m], by which gains are multiplied when they
    are compared. Of equal ones the first row is picked.
    """
    worth = [1.0] * len(bounds) if weights is None else weights.astype(np.float64).tolist()
    most = bounds.tolist()
    heap = [(-most[row] * worth[row], row, -1) for row in np.flatnonzero(covered.best < 1).tolist()]
    heapify(heap)
    picks: list[int] = []
    added: list[float] = []
    while heap:
        _, row, seen = heap[0]
        if covered.best[row] >= 1:
            heappop(heap)
        elif seen == len(picks):
            heappop(heap)
            picks.append(row)
            added.append(covered.take(row))
        else:
            heapreplace(heap, (-covered.gain(row) * worth[row], row, len(picks)))
    return np.array(picks, dtype=np.int64), np.array(added, dtype=np.float64)
