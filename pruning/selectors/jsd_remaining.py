"""Closest-pair elimination: who is left, which of two clips leaves, and in what order they left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import ROUNDING
from ...schemas.vector import Float32


class Remaining:
    """The clips of float32[m, d] (L2-normalised) that have not left yet.

    Of a pair the lighter clip leaves; of two as heavy the one with the larger total similarity to all that remain; of
    two alike in that too (within ROUNDING) the later row. The total of row i is <x_i, sum_j x_j> - <x_i, x_i>: exact
    in O(d), the sum being kept in float64.
    """

    def __init__(self, vectors: Float32, weights: Float32 | None) -> None:
        m = len(vectors)
        self.left = np.ones(m, dtype=np.bool_)
        self.count = m
        self._vectors, self._weights = vectors, weights
        self._sum = vectors.sum(axis=0, dtype=np.float64)
        self._order, self._gains = np.zeros(m, dtype=np.int64), np.ones(m, dtype=np.float32)

    def part(self, one: int, other: int, cosine: float) -> int:
        """Take one of the closest pair away, and return which."""
        out = self._leaver(min(one, other), max(one, other))
        self.count -= 1
        self._order[self.count], self._gains[self.count] = out, 1 - cosine
        self.left[out] = False
        self._sum -= self._vectors[out]
        return out

    def order(self) -> tuple[NDArray[np.int64], Float32]:
        """Return int64[m], the last to leave first, and float32[m], 1 - cosine of the pair that each left from; 1 for
        the one clip that must be left.
        """
        self._order[0] = int(np.flatnonzero(self.left)[0])
        return self._order, self._gains

    def _leaver(self, earlier: int, later: int) -> int:
        if self._weights is not None and self._weights[earlier] != self._weights[later]:
            return earlier if self._weights[earlier] < self._weights[later] else later
        return earlier if self._total(earlier) > self._total(later) + ROUNDING else later

    def _total(self, row: int) -> float:
        vector = self._vectors[row].astype(np.float64)
        return float(vector @ self._sum - vector @ vector)
