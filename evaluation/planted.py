"""Planted duplicates: near-copies of train clips whose truth is known, to count how many a method leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

COSINES = (0.99, 0.999)
"""Between a clip and its planted duplicate: drawn evenly from this range."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """What the methods choose from: the train clips, then their planted duplicates.

    matrix: float32[m, d], rows of unit length; origins: int64[m], the train clip (its row here) that a row is or
    copies. The first `clips` rows are the train clips themselves.
    """

    matrix: Float32
    origins: Rows
    clips: int

    @property
    def planted(self) -> int:
        """How many rows are planted duplicates."""
        return len(self.origins) - self.clips

    def duplicates_left(self, chosen: Rows) -> float | None:
        """Return the share of the planted duplicates that are among `chosen` (rows) as well as the clip they copy.

        None where none was planted.
        """
        if not self.planted:
            return None
        copied = np.isin(np.arange(len(self.origins)), chosen)
        both = copied[self.clips :] & copied[self.origins[self.clips :]]
        return float(both.mean())

    def least_left(self, budget: int) -> float | None:
        """Return the share that any choice of `budget` rows has to leave: it may hold more than there are clips."""
        return max(0, budget - self.clips) / self.planted if self.planted else None


def plant(matrix: Float32, share: float, rng: np.random.Generator) -> Pool:
    """Return float32[n, d] (rows of unit length) with round(share * n) duplicates of different rows behind them.

    A duplicate is cos * v + sin * u, with u of unit length, random and at right angles to v.
    """
    clips, count = len(matrix), round(share * len(matrix))
    origins = np.sort(rng.choice(clips, count, replace=False))
    originals = matrix[origins].astype(np.float64)
    noise = rng.normal(size=originals.shape)
    noise -= np.einsum("ij,ij->i", noise, originals)[:, None] * originals
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    cosines = rng.uniform(*COSINES, size=(count, 1))
    copies = cosines * originals + np.sqrt(1 - cosines**2) * noise
    return Pool(np.concatenate([matrix, copies.astype(np.float32)]), np.concatenate([np.arange(clips), origins]), clips)
